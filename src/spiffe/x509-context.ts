import { isMeshError, MeshError } from "../model/errors.ts";
import { X509SVIDResponse, type X509SVID } from "./generated/workload.ts";
import { parseSvid, Svid } from "./svid.ts";

/** An identity that was offered and cannot be used. */
export interface RefusedSvid {
  readonly id: string;
  readonly error: MeshError;
}

/** All identities that SPIRE gives this process now. */
export interface X509Context {
  /** In SPIRE's order: the first is the default. */
  readonly svids: readonly Svid[];
  readonly receivedAt: Date;
  /** Offered beside the others, and of no use; one bad identity does not take the good ones away. */
  readonly refused?: readonly RefusedSvid[];
}

/** Reads a message of the Workload API; throws when nothing in it is of use, and it is not empty. */
export function parseX509Context(message: Uint8Array, now: Date): X509Context {
  const results = decode(message).svids.map((svid) => tryParse(svid, now));
  const svids = results.filter((result) => result instanceof Svid);
  const refused = results.filter((result): result is RefusedSvid => !(result instanceof Svid));
  const [first] = refused;
  if (svids.length === 0 && first !== undefined) throw first.error;
  return { svids, receivedAt: now, ...(refused.length > 0 ? { refused } : {}) };
}

function decode(message: Uint8Array): X509SVIDResponse {
  try {
    return X509SVIDResponse.decode(message);
  } catch {
    // No cause: the message holds keys.
    throw new MeshError("SVID_INVALID", { doing: "reading identities from SPIRE", what: "the message is not one of the Workload API" });
  }
}

function tryParse(svid: X509SVID, now: Date): Svid | RefusedSvid {
  try {
    return parseSvid(svid, now);
  } catch (error) {
    if (!isMeshError(error)) throw error;
    return { id: svid.spiffeId, error };
  }
}
