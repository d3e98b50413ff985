import { Metadata, status } from "@grpc/grpc-js";
import { ErrorInfo, RetryInfo, Status } from "./generated/error-details.ts";
import { decodeDuration, encodeDuration } from "./messages.ts";
import { errorDomain, isReason, reasons, type NextStep, type Refusal } from "./reasons.ts";

/** A refusal as a gRPC server sends it. */
export interface GrpcStatus {
  readonly code: status;
  readonly details: string;
  readonly metadata: Metadata;
}

/** A refusal as a caller receives it: from our service, from a newer one, or from whatever answered in its place. */
export interface ReceivedRefusal {
  /** A reason of the table, one that only a newer service knows, or the gRPC code where the answer gave none. */
  readonly reason: string;
  readonly code: keyof typeof status;
  readonly next: NextStep;
  /** When to call again, milliseconds; undefined leaves it to the caller's backoff. */
  readonly retryAfter: number | undefined;
  /** For people; nothing decides by it. */
  readonly message: string;
}

/** The trailer in which gRPC services tell the details of an error. */
export const detailsTrailer = "grpc-status-details-bin";

// Twice in the trailers, whose whole size peers bound to 8 KiB and more.
const longestMessage = 1024;
const longestReason = 63;
/** A server that says more is wrong or hostile; a machine that believed it would be gone for good. */
const longestRetry = 3_600_000;

const typeUrl = (name: string): string => `type.googleapis.com/google.rpc.${name}`;

/** The refusal as gRPC status, with ErrorInfo and RetryInfo in its trailer. */
export function encodeRefusal({ reason, code, retryAfter, message }: Refusal): GrpcStatus {
  // Half a surrogate pair would make the gRPC library throw while it writes the status.
  const text = message.slice(0, longestMessage).toWellFormed();
  const info = { typeUrl: typeUrl("ErrorInfo"), value: Buffer.from(ErrorInfo.encode({ reason, domain: errorDomain, metadata: {} }).finish()) };
  const retry = retryAfter === undefined ? [] : [{ typeUrl: typeUrl("RetryInfo"), value: Buffer.from(RetryInfo.encode({ retryDelay: encodeDuration(retryAfter) }).finish()) }];
  const metadata = new Metadata();
  metadata.set(detailsTrailer, Buffer.from(Status.encode({ code: status[code], message: text, details: [info, ...retry] }).finish()));
  return { code: status[code], details: text, metadata };
}

/** Reads the status of a call that failed; details that cannot be read count as none. */
export function decodeRefusal({ code, details, metadata }: Omit<GrpcStatus, "code"> & { readonly code: number }): ReceivedRefusal {
  const name = (status[code] ?? "UNKNOWN") as keyof typeof status;
  const told = readDetails(metadata);
  const message = cleanText(details);
  if (told.reason === undefined) return { reason: name, code: name, next: "backoff", retryAfter: told.retryAfter, message };
  const { reason, retryAfter } = told;
  // What this version does not know never stops it for good.
  const next = isReason(reason) ? reasons[reason].next : retryAfter === undefined ? "backoff" : "wait";
  return { reason, code: name, next, retryAfter, message };
}

interface Told {
  readonly reason: string | undefined;
  readonly retryAfter: number | undefined;
}

function readDetails(metadata: Metadata): Told {
  const [trailer] = metadata.get(detailsTrailer);
  try {
    const { details } = Status.decode(Buffer.isBuffer(trailer) ? trailer : Buffer.alloc(0));
    const find = (name: string): Buffer | undefined => details.find((detail) => detail.typeUrl === typeUrl(name))?.value;
    return { reason: readReason(find("ErrorInfo")), retryAfter: readRetry(find("RetryInfo")) };
  } catch {
    return { reason: undefined, retryAfter: undefined };
  }
}

function readReason(bytes: Buffer | undefined): string | undefined {
  if (bytes === undefined) return undefined;
  const { reason, domain } = ErrorInfo.decode(bytes);
  // Another domain's reason may have our reason's name and another meaning.
  return domain === errorDomain && reason.length <= longestReason && /^[A-Z][A-Z0-9_]*$/u.test(reason) ? reason : undefined;
}

function readRetry(bytes: Buffer | undefined): number | undefined {
  const delay = bytes && decodeDuration(RetryInfo.decode(bytes).retryDelay);
  return delay === undefined || delay < 0 ? undefined : Math.min(delay, longestRetry);
}

function cleanText(text: string): string {
  return text.slice(0, longestMessage).toWellFormed().replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, " ").trim();
}
