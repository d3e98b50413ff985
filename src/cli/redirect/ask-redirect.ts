import { z } from "zod";
import { MeshError } from "../../model/errors.ts";
import { nobodyListens } from "../nobody-listens.ts";
import { askHarness } from "../overview/ask-harness.ts";

/** What stands behind the harness's admin address; `want` is what it keeps the redirect at, when it says so. */
export type HarnessAnswer =
  | { readonly address: string; readonly state: "answering"; readonly want: "on" | "off" | undefined }
  | { readonly address: string; readonly state: "absent" }
  | { readonly address: string; readonly state: "strange"; readonly detail: string };

const answerSchema = z.looseObject({ want: z.enum(["on", "off"]) });
const failureSchema = z.looseObject({ error: z.string() });

// Switching off waits for the kernel's answer, which a table of thousands of networks may delay.
const patience = 10_000;

/** Asks the living harness to keep the redirect on or off, or only what it keeps it at. */
export async function askRedirect(address: string, want: "on" | "off" | undefined, signal: AbortSignal): Promise<HarnessAnswer> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(patience)]);
  const question = want === undefined
    ? { method: "GET" }
    : { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify({ want }) };
  try {
    const response = await fetch(`http://${address}/redirect`, { ...question, signal: bounded, redirect: "error" });
    const body: unknown = await response.json().catch(() => undefined);
    const answer = judgeAnswer(address, response.status, body);
    if (answer.state !== "strange" || want !== undefined) return answer;
    // A harness of another version need not tell what it wants; that it is one, it tells.
    return (await askHarness(address, signal)).state === "answering" ? { address, state: "answering", want } : answer;
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof MeshError) throw error;
    return describeFailure(address, error);
  }
}

function judgeAnswer(address: string, status: number, body: unknown): HarnessAnswer {
  const answer = answerSchema.safeParse(body).data;
  if (status === 200 && answer !== undefined) return { address, state: "answering", want: answer.want };
  const failure = failureSchema.safeParse(body).data;
  if (failure === undefined) return { address, state: "strange", detail: `it answered with status ${status}` };
  throw new MeshError("REDIRECT_FAILED", { doing: "asking the harness to change the redirect", what: failure.error, target: address });
}

function describeFailure(address: string, error: unknown): HarnessAnswer {
  if (nobodyListens(error)) return { address, state: "absent" };
  const cause: unknown = error instanceof Error ? error.cause ?? error : error;
  const late = cause instanceof Error && cause.name === "TimeoutError";
  return { address, state: "strange", detail: late ? `no answer within ${patience / 1_000} seconds` : cause instanceof Error ? cause.message : String(cause) };
}
