import { MeshError } from "../../model/errors.ts";
import type { ErrorCode } from "../../model/error-catalogue.ts";
import type { ReceivedRefusal } from "../../registration/error-details.ts";

// What is not here is a service that is away, or one that is newer than this version.
const codes: Readonly<Record<string, ErrorCode>> = {
  GROUP_NOT_FOUND: "GROUP_NOT_FOUND",
  GROUP_FULL: "GROUP_FULL",
  IDENTITY_NOT_ALLOWED: "IDENTITY_NOT_ALLOWED",
  NO_IDENTITY: "REGISTRATION_NO_IDENTITY",
  ADDRESS_IN_USE: "ADDRESS_IN_USE",
  ADDRESS_NOT_ALLOWED: "ADDRESS_NOT_ALLOWED",
  ADDRESS_INVALID: "ADDRESS_INVALID",
  LABEL_NOT_ALLOWED: "LABEL_NOT_ALLOWED",
  REQUEST_INVALID: "REGISTRATION_INVALID",
  SUPERSEDED: "SUPERSEDED",
  DUPLICATE_INSTANCE: "DUPLICATE_INSTANCE",
  WORKLOAD_GONE: "WORKLOAD_GONE",
  LEASE_INVALID: "WORKLOAD_GONE",
  QUOTA: "REGISTRATION_QUOTA",
  SERVER_NAME: "REGISTRATION_SERVER_NAME",
  ANSWER_INVALID: "REGISTRATION_ANSWER",
};

/** What a refused call means for people: its code, the service's own words, the remedy. */
export function explainRefusal({ reason, message, code }: ReceivedRefusal, doing: string): MeshError {
  const what = message === "" ? `it was refused with ${reason}` : message;
  const known = Object.hasOwn(codes, reason) ? codes[reason] : undefined;
  if (known !== undefined) return new MeshError(known, { doing, what });
  return new MeshError("REGISTRATION_AWAY", { doing, what: code === reason ? what : `${what} (${reason})` });
}
