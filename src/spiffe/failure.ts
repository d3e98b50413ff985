import type { ErrorCode } from "../model/error-catalogue.ts";
import { MeshError } from "../model/errors.ts";
import type { PipeProblem } from "../platform/host.ts";

/** Why talking to the Workload API ended, before anybody made a sentence of it. */
export type Failure =
  /** The connection could not be made; `code` is the system's, as ENOENT. */
  | { readonly kind: "connect"; readonly code: string }
  /** The named pipe is not to be used. */
  | ({ readonly kind: "pipe" } & PipeProblem)
  /** Connected, but no sign of HTTP/2 (`phase` session) or of an answer to our question (`phase` answer). */
  | { readonly kind: "silent"; readonly phase: "session" | "answer"; readonly seconds: number }
  /** The connection ended in the middle. */
  | { readonly kind: "cut"; readonly detail: string }
  /** gRPC's own status, also 0: the agent ended a stream that never ends. */
  | { readonly kind: "status"; readonly status: number; readonly message: string }
  /** Bytes that are not gRPC. */
  | { readonly kind: "protocol"; readonly detail: string };

/** A failure on its way from the wire to whoever explains it. */
export class WorkloadApiFailure extends Error {
  override readonly name = "WorkloadApiFailure";
  readonly failure: Failure;

  constructor(failure: Failure, cause?: unknown) {
    super(`Workload API: ${failure.kind}`, { cause });
    this.failure = failure;
  }
}

/** What the sentence for the user needs to know. */
export interface FailureContext {
  /** The address, as one reads it. */
  readonly address: string;
  /** The selector by which SPIRE knows this process, as unix:uid:990, when it is known. */
  readonly selector?: string | undefined;
  readonly cause?: unknown;
}

/** Makes a catalogue error of a failure. */
export function explainFailure(failure: Failure, context: FailureContext): MeshError {
  const { code, what } = judgeFailure(failure);
  const remedy = code === "SPIRE_NO_ENTRY" ? entryRemedy(context.selector) : undefined;
  return new MeshError(code, {
    doing: `asking SPIRE at ${context.address} for this machine's identity`,
    what,
    target: context.address,
    cause: context.cause,
    ...(remedy === undefined ? {} : { remedy }),
  });
}

/** True when trying again cannot help: the same request would be refused the same way. */
export function isFinal(failure: Failure): boolean {
  return failure.kind === "status" && failure.status === invalidArgument;
}

interface Judgement {
  readonly code: ErrorCode;
  readonly what: string;
}

function judgeFailure(failure: Failure): Judgement {
  switch (failure.kind) {
    case "connect": return connectJudgements[failure.code] ?? { code: "SPIRE_UNAVAILABLE", what: `the connection failed with ${failure.code}` };
    case "pipe": return { code: pipeCodes[failure.state], what: failure.what };
    case "silent": return { code: "SPIRE_SILENT", what: silences[failure.phase](failure.seconds) };
    case "cut": return { code: "SPIRE_UNAVAILABLE", what: `the connection was cut (${failure.detail})` };
    case "protocol": return { code: "SPIRE_PROTOCOL", what: failure.detail };
    case "status": return judgeStatus(failure.status, failure.message);
  }
}

const connectJudgements: Readonly<Record<string, Judgement>> = {
  ENOENT: { code: "SPIRE_ABSENT", what: "there is no such socket" },
  ENOTDIR: { code: "SPIRE_ABSENT", what: "there is no such socket; a part of its path is no folder" },
  ECONNREFUSED: { code: "SPIRE_ABSENT", what: "nobody listens there" },
  EACCES: { code: "SPIRE_DENIED", what: "the socket or a folder above it is not open to our user" },
  EPERM: { code: "SPIRE_DENIED", what: "the system refused the connection" },
  EAGAIN: { code: "SPIRE_SILENT", what: "so many connections wait there that the system takes no more" },
  TIMEOUT: { code: "SPIRE_SILENT", what: "the connection was not taken in time" },
};

const pipeCodes: Readonly<Record<PipeProblem["state"], ErrorCode>> = {
  missing: "SPIRE_ABSENT", denied: "SPIRE_PIPE_DENIED", busy: "SPIRE_BUSY", untrusted: "SPIRE_UNTRUSTED", failed: "SPIRE_UNAVAILABLE",
};

const silences: Readonly<Record<"session" | "answer", (seconds: number) => string>> = {
  session: (seconds) => `it took the connection and said nothing for ${seconds} s`,
  answer: (seconds) => `no answer for ${seconds} s; still waiting, for SPIRE may need long for its first one`,
};

const invalidArgument = 3;

function judgeStatus(status: number, message: string): Judgement {
  const said = message === "" ? "" : `: ${message}`;
  const known = statusJudgements[status];
  if (known !== undefined) return { code: known.code, what: `${known.what}${said}` };
  return { code: "SPIRE_FAILED", what: `it answered ${statusNames[status] ?? `status ${status}`}${said}` };
}

const statusJudgements: Readonly<Record<number, Judgement>> = {
  0: { code: "SPIRE_UNAVAILABLE", what: "it ended the stream" },
  1: { code: "SPIRE_UNAVAILABLE", what: "it cancelled the stream" },
  [invalidArgument]: { code: "SPIRE_HEADER", what: "it refused the request as malformed" },
  7: { code: "SPIRE_NO_ENTRY", what: "it issues no identity to this process" },
  12: { code: "SPIRE_UNSUPPORTED", what: "it does not offer X.509 identities" },
  14: { code: "SPIRE_UNAVAILABLE", what: "it is not available" },
};

const statusNames = [
  "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
];

/** What to type at SPIRE's server so that this process gets an identity. */
export function entryRemedy(selector: string | undefined): string | undefined {
  if (selector === undefined) return undefined;
  return "On SPIRE's server run `spire-server entry create -parentID <the agent's ID, from spire-server agent list> "
    + `-spiffeID <the identity of this machine> -selector ${selector}\`; it takes effect within about 10 s.`;
}
