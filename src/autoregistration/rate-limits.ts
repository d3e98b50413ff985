import { isFull, takeToken, type Bucket, type Rate } from "./token-bucket.ts";

/** The limits of §10.4.10; a test or an operator may set others. */
export interface CallRates {
  /** Per machine: an identity may be shared, an instance is not. */
  readonly register: Rate;
  readonly renew: Rate;
  /** Per SPIFFE id, over all calls: bounds what one stolen identity can ask for. */
  readonly identity: Rate;
  /** For all together, so that a storm after a restart is spread instead of piled up. */
  readonly all: Rate;
}

/** Limits for ordinary use: ten thousand machines under one identity may renew every ten seconds. */
export const defaultCallRates: CallRates = {
  register: { perSecond: 0.2, burst: 3 },
  renew: { perSecond: 1, burst: 5 },
  identity: { perSecond: 1000, burst: 2000 },
  all: { perSecond: 2000, burst: 4000 },
};

/** Who calls, and what for; leaving counts as renewing. */
export interface Caller {
  readonly identity: string;
  readonly instanceId: string;
  readonly kind: "register" | "renew";
}

const sweepEvery = 60_000;
/** Nobody waits longer for a limit that is shared: half a minute is a client's longest pause, too. */
const longestTurn = 30_000;

/** Which calls may go through, and when the others may come again. Holds nothing of callers that were quiet for a while. */
export class RateLimits {
  readonly #rates: CallRates;
  readonly #buckets = { register: new Map<string, Bucket>(), renew: new Map<string, Bucket>(), identity: new Map<string, Bucket>(), all: new Map<string, Bucket>() };
  /** When each caller that waits for a shared limit may come. */
  readonly #turns = new Map<string, number>();
  /** The last turn that was given, by SPIFFE id; that of all together under the empty one. */
  readonly #lastTurns = new Map<string, number>();
  #sweptAt = 0;

  constructor(rates: CallRates = defaultCallRates) {
    this.#rates = rates;
  }

  /** Milliseconds after which the caller may come again; 0 when this call may go through. `now` is monotonic. */
  take({ identity, instanceId, kind }: Caller, now: number): number {
    this.#sweep(now);
    const { register, renew, identity: identities, all } = this.#buckets;
    const own = kind === "register" ? register : renew;
    const ownKey = `${identity}\0${instanceId}`;
    const takes = {
      own: takeToken(own.get(ownKey), this.#rates[kind], now),
      identity: takeToken(identities.get(identity), this.#rates.identity, now),
      all: takeToken(all.get(""), this.#rates.all, now),
    };
    // All or none: a call that one limit refuses costs nothing at the others.
    if (takes.own.wait > 0) return Math.max(takes.own.wait, takes.identity.wait, takes.all.wait);
    const wait = this.#judgeTurn(ownKey, { identity, now, waits: { identity: takes.identity.wait, all: takes.all.wait } });
    if (wait > 0) return wait;
    own.set(ownKey, takes.own.bucket);
    identities.set(identity, takes.identity.bucket);
    all.set("", takes.all.bucket);
    return 0;
  }

  /** How many callers are remembered. */
  get size(): number {
    return Object.values(this.#buckets).reduce((sum, buckets) => sum + buckets.size, this.#turns.size + this.#lastTurns.size);
  }

  /**
   * Whoever a shared limit refuses gets a turn of its own: a crowd that is told to come at the next token is the same
   * crowd again. While others wait for theirs, nobody gets in between, or the slow would never be served.
   */
  #judgeTurn(caller: string, { identity, now, waits }: { readonly identity: string; readonly now: number; readonly waits: { readonly identity: number; readonly all: number } }): number {
    const turn = this.#turns.get(caller);
    if (turn !== undefined && turn > now) return Math.ceil(turn - now);
    for (const [limit, queue] of [["identity", identity], ["all", ""]] as const) {
      const last = this.#lastTurns.get(queue) ?? -Infinity;
      if (waits[limit] === 0 && (turn !== undefined || last <= now)) continue;
      const next = Math.min(Math.max(now + waits[limit], last + 1000 / this.#rates[limit].perSecond), now + longestTurn);
      this.#turns.set(caller, next);
      this.#lastTurns.set(queue, next);
      return Math.ceil(next - now);
    }
    if (turn !== undefined) this.#turns.delete(caller);
    return 0;
  }

  #sweep(now: number): void {
    if (now - this.#sweptAt < sweepEvery) return;
    this.#sweptAt = now;
    for (const [key, last] of this.#lastTurns) if (last <= now) this.#lastTurns.delete(key);
    // Some come late; whoever does not come at all is forgotten.
    for (const [key, turn] of this.#turns) if (turn + sweepEvery <= now) this.#turns.delete(key);
    for (const limit of ["register", "renew", "identity", "all"] as const) {
      for (const [key, bucket] of this.#buckets[limit]) if (isFull(bucket, this.#rates[limit], now)) this.#buckets[limit].delete(key);
    }
  }
}
