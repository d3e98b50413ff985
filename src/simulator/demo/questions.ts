import type { z } from "zod";
import { MeshError } from "../../model/errors.ts";
import { echoBody, machineStatus, requestAnswer, type MachineStatus, type RequestAnswer } from "./answers.ts";
import type { Lab, MachineName } from "./lab.ts";
import type { Place } from "./network.ts";

const statusWait = 20_000;
const statusPoll = 50;

/** Asks a harness how it is until it is so. */
export async function waitForStatus(lab: Lab, is: (status: MachineStatus) => boolean, { signal, at = "machine" }: { readonly signal: AbortSignal; readonly at?: MachineName }): Promise<MachineStatus> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(statusWait)]);
  let last: MachineStatus | undefined;
  for (;;) {
    try {
      last = await lab.ask(lab.network[at], ["status"], { schema: machineStatus, signal: bounded });
      if (is(last)) return last;
      await lab.clock.sleep(statusPoll, bounded);
    } catch (error) {
      if (bounded.aborted && last !== undefined) throw new MeshError("DEMO_FAILED", { doing: "waiting for the machine", what: last.reason ?? last.state, cause: error });
      if (bounded.aborted) throw error;
    }
  }
}

/** Calls a machine as a pod of the mesh does. */
export function call(lab: Lab, words: readonly string[], signal: AbortSignal): Promise<RequestAnswer> {
  return lab.ask(lab.network.mesh, ["simulate", "call", "--dir", lab.meshFolder, ...words], { schema: requestAnswer, signal });
}

/** Asks a URL as an application does that knows of no mesh. */
export function request(lab: Lab, { at, words }: { readonly at: Place; readonly words: readonly string[] }, signal: AbortSignal): Promise<RequestAnswer> {
  return lab.ask(at, ["simulate", "request", ...words], { schema: requestAnswer, signal });
}

/** What the far end tells of a request that was answered. */
export function readEcho(answer: RequestAnswer): z.infer<typeof echoBody> {
  demand(answer.ok, answer.error ?? `status ${answer.status ?? 0}: ${answer.body ?? ""}`);
  return echoBody.parse(JSON.parse(answer.body ?? "{}"));
}

/** How the far end said no. */
export function demandRefusal(answer: RequestAnswer): string {
  demand(!answer.ok, `it was let in: ${answer.body ?? ""}`);
  return answer.error ?? `status ${answer.status ?? 0}`;
}

/** Fails the step unless that holds. */
export function demand(condition: boolean, otherwise: string): asserts condition {
  if (!condition) throw new MeshError("DEMO_FAILED", { doing: "looking at what happened", what: otherwise });
}
