import type { Clock } from "../../platform/host.ts";
import type { Outcome, PlayedStep } from "./outcome.ts";

/** A step before it is played. */
export interface Step {
  readonly id: string;
  readonly title: string;
  /** What was seen, as one phrase; throws when it was not seen. */
  readonly show: (signal: AbortSignal) => Promise<string>;
  /** What this machine lacks for it; such a step is not played. */
  readonly obstacle?: { readonly why: string; readonly remedy: string } | undefined;
  /** Played even after a failure: what cleans up, and looks whether it is clean. */
  readonly always?: boolean;
}

/** Plays steps in their order and tells each as it ends; after a failure only those that clean up. */
export async function playSteps(steps: readonly Step[], tools: { readonly clock: Clock; readonly tell: (played: PlayedStep) => void }, signal: AbortSignal): Promise<readonly PlayedStep[]> {
  const played: PlayedStep[] = [];
  let failed: string | undefined;
  for (const step of steps) {
    const began = tools.clock.monotonic();
    const outcome = failed === undefined || step.always === true ? await playStep(step, signal) : ({ status: "not run", why: `after '${failed}' failed` } as const);
    if (outcome.status === "failed") failed ??= step.id;
    const one = { id: step.id, title: step.title, seconds: (tools.clock.monotonic() - began) / 1000, outcome };
    played.push(one);
    tools.tell(one);
  }
  return played;
}

async function playStep(step: Step, signal: AbortSignal): Promise<Outcome> {
  if (step.obstacle !== undefined) return { status: "not shown", ...step.obstacle };
  try {
    return { status: "shown", evidence: await step.show(step.always === true ? AbortSignal.timeout(10_000) : signal) };
  } catch (error) {
    return { status: "failed", error: error instanceof Error ? error.message : String(error) };
  }
}
