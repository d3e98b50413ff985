import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from "node:crypto";
import type { ObjectKey } from "../model/external-group.ts";
import type { Incarnation } from "./calls.ts";
import type { WorkloadObject } from "./objects.ts";

/** What a token proves: that this incarnation registered this workload under this identity. */
export interface TokenClaims {
  readonly key: ObjectKey;
  readonly identity: string;
  readonly incarnation: Incarnation;
}

/** A key shorter than the hash is guessed before the hash is. */
export const shortestTokenKey = 32;

/**
 * Lease tokens that every replica with the same keys can check, for nothing is stored: an HMAC over what the caller says
 * again with each call. Whether the incarnation still holds the lease is the lease's matter.
 */
export class LeaseTokens {
  readonly #current: KeyObject;
  readonly #keys: readonly KeyObject[];
  readonly #proven = new WeakMap<WorkloadObject, { readonly incarnationId: string; readonly epoch: number; readonly token: string }>();

  /** The first key signs; all are accepted, so that a rotation (new key first, the old one behind) logs nobody out. */
  constructor(current: Uint8Array, previous: readonly Uint8Array[] = []) {
    if ([current, ...previous].some((key) => key.length < shortestTokenKey)) throw new RangeError(`a token key has less than ${shortestTokenKey} bytes`);
    this.#current = createSecretKey(current);
    this.#keys = [this.#current, ...previous.map((key) => createSecretKey(key))];
  }

  issue(claims: TokenClaims): string {
    return sign(this.#current, claims).toString("base64url");
  }

  isValid(token: string, claims: TokenClaims): boolean {
    return this.renew(token, claims) !== undefined;
  }

  /**
   * The token that `issue` gives, when the one presented is good for the same claims; undefined when it is not. What was
   * proved once for a stored workload is remembered as long as that stays as it is, for a machine says the same every time.
   */
  renew(token: string, claims: TokenClaims, workload?: WorkloadObject): string | undefined {
    if (workload === undefined || !isAbout(workload, claims)) return this.#check(token, claims);
    const { incarnationId, epoch } = claims.incarnation;
    const proven = this.#proven.get(workload);
    if (proven?.incarnationId === incarnationId && proven.epoch === epoch && isSame(Buffer.from(token), Buffer.from(proven.token))) return proven.token;
    const renewed = this.#check(token, claims);
    if (renewed !== undefined) this.#proven.set(workload, { incarnationId, epoch, token: renewed });
    return renewed;
  }

  #check(token: string, claims: TokenClaims): string | undefined {
    const given = Buffer.from(token, "base64url");
    const signed = this.#keys.map((key) => sign(key, claims));
    // Every key is tried, and each comparison takes as long as any other.
    return signed.map((expected) => isSame(given, expected)).includes(true) ? signed[0]?.toString("base64url") : undefined;
  }
}

function isAbout({ key, identity, instanceId }: WorkloadObject, claims: TokenClaims): boolean {
  return key.name === claims.key.name && key.namespace === claims.key.namespace && identity === claims.identity && instanceId === claims.incarnation.instanceId;
}

function sign(key: KeyObject, { key: { namespace, name }, identity, incarnation }: TokenClaims): Buffer {
  // JSON sets the parts apart, whatever stands in them.
  const text = JSON.stringify(["meshregistration.v1 lease", namespace, name, identity, incarnation.instanceId, incarnation.incarnationId, incarnation.epoch]);
  return createHmac("sha256", key).update(text).digest();
}

function isSame(given: Buffer, expected: Buffer): boolean {
  return given.length === expected.length && timingSafeEqual(given, expected);
}
