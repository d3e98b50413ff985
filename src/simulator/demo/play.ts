import type { Clock } from "../../platform/host.ts";
import type { Outcome, PlayedStep } from "./outcome.ts";

/** A step before it is played. */
export interface Step {
  readonly id: string;
  readonly title: string;
  /** What was seen, as one phrase; throws when it was not seen. `say` tells what it is waiting for. */
  readonly show: (signal: AbortSignal, say: Say) => Promise<string>;
  /** What this machine lacks for it; such a step is not played. */
  readonly obstacle?: { readonly why: string; readonly remedy: string } | undefined;
  /** Played even after a failure: what cleans up, and looks whether it is clean. */
  readonly always?: boolean;
}

/** Tells what a step that takes long is doing. */
export type Say = (doing: string) => void;

/** What playing steps needs. */
export interface PlayTools {
  readonly clock: Clock;
  /** Called as each step ends. */
  readonly tell: (played: PlayedStep) => void;
  readonly say: (title: string, doing: string) => void;
}

/** Plays steps in their order and tells each as it ends; after a failure only those that clean up. */
export async function playSteps(steps: readonly Step[], tools: PlayTools, signal: AbortSignal): Promise<readonly PlayedStep[]> {
  const played: PlayedStep[] = [];
  let failed: string | undefined;
  for (const step of steps) {
    const began = tools.clock.monotonic();
    const say: Say = (doing) => tools.say(step.title, doing);
    const outcome = failed === undefined || step.always === true ? await playStep(step, signal, say) : ({ status: "not run", why: `after '${failed}' failed` } as const);
    if (outcome.status === "failed") failed ??= step.id;
    const one = { id: step.id, title: step.title, seconds: (tools.clock.monotonic() - began) / 1000, outcome };
    played.push(one);
    tools.tell(one);
  }
  return played;
}

async function playStep(step: Step, signal: AbortSignal, say: Say): Promise<Outcome> {
  if (step.obstacle !== undefined) return { status: "not shown", ...step.obstacle };
  try {
    return { status: "shown", evidence: await step.show(step.always === true ? AbortSignal.timeout(10_000) : signal, say) };
  } catch (error) {
    return { status: "failed", error: error instanceof Error ? error.message : String(error) };
  }
}
