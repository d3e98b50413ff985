import type { HarnessFact } from "./facts.ts";

// A living harness answers from memory; two seconds are for a machine that is busy.
const patience = 2000;

/** Asks the harness's admin address how it stands. */
export async function askHarness(address: string, signal: AbortSignal): Promise<HarnessFact> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
  try {
    const [ready, status] = await Promise.all(["ready", "status"].map((path) => fetch(`http://${address}/${path}`, { signal: bounded, redirect: "error" })));
    const body: unknown = await status?.json();
    await ready?.body?.cancel();
    const phase = phaseOf(body);
    if (phase === undefined) return { address, state: "strange", detail: "its answer is not a harness's" };
    return { address, state: "answering", ready: ready?.ok === true, phase };
  } catch (error) {
    signal.throwIfAborted();
    return describeFailure(error, address);
  }
}

function phaseOf(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null || !("state" in body)) return undefined;
  return typeof body.state === "string" ? body.state : undefined;
}

function describeFailure(error: unknown, address: string): HarnessFact {
  if (!(error instanceof Error)) return { address, state: "strange", detail: String(error) };
  if (error.name === "TimeoutError") return { address, state: "strange", detail: `it did not answer within ${patience / 1000} seconds` };
  const cause = error.cause;
  const refused = cause instanceof Error && "code" in cause && (cause.code === "ECONNREFUSED" || cause.code === "EADDRNOTAVAIL");
  return refused ? { address, state: "absent" } : { address, state: "strange", detail: cause instanceof Error ? cause.message : error.message };
}
