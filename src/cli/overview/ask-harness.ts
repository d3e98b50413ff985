import { parseStatus } from "../../harness/status-schema.ts";
import { nobodyListens } from "../nobody-listens.ts";
import type { HarnessFact } from "./facts.ts";

// A living harness answers from memory; two seconds are for a machine that is busy.
const patience = 2000;

/** Asks the harness's admin address how it stands. */
export async function askHarness(address: string, signal: AbortSignal): Promise<HarnessFact> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
  try {
    const response = await fetch(`http://${address}/status`, { signal: bounded, redirect: "error" });
    const status = parseStatus(await response.json());
    if (status === undefined) return { address, state: "strange", detail: "its answer is not that of a harness of this version" };
    const { ready, state: phase, workload } = status;
    return { address, state: "answering", ready, phase, ...(workload && { workload: `${workload.namespace}/${workload.name}` }) };
  } catch (error) {
    signal.throwIfAborted();
    return describeFailure(error, address);
  }
}

function describeFailure(error: unknown, address: string): HarnessFact {
  if (!(error instanceof Error)) return { address, state: "strange", detail: String(error) };
  if (error.name === "TimeoutError") return { address, state: "strange", detail: `it did not answer within ${patience / 1000} seconds` };
  if (error.name === "SyntaxError") return { address, state: "strange", detail: "its answer is no JSON" };
  if (nobodyListens(error)) return { address, state: "absent" };
  const { cause } = error;
  return { address, state: "strange", detail: cause instanceof Error ? cause.message : error.message };
}
