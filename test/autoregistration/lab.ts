import type { DeregisterCall, RegisterCall, RenewCall } from "../../src/autoregistration/calls.ts";
import { Fleet } from "../../src/autoregistration/fleet.ts";
import { LeaseTokens } from "../../src/autoregistration/lease-tokens.ts";
import { MemoryStore } from "../../src/autoregistration/memory-store.ts";
import { defaultCallRates, RateLimits, type CallRates } from "../../src/autoregistration/rate-limits.ts";
import { Registrar, type Outcome, type RegisterAnswer, type RenewAnswer } from "../../src/autoregistration/registrar.ts";
import { watchRounds, type Round } from "../../src/autoregistration/rounds.ts";
import type { Store } from "../../src/autoregistration/store.ts";
import { renderKey, type ExternalGroup } from "../../src/model/external-group.ts";
import { MeshError } from "../../src/model/errors.ts";
import { JumpingClock } from "../fakes/jumping-clock.ts";
import { silentLog } from "../fakes/silent-log.ts";
import { group, health, now, registerCall } from "./samples.ts";

const { signal } = new AbortController();

/** One server process: its own memory, on a store that it shares with others. */
export class Replica {
  readonly registrar: Registrar;
  readonly fleet = new Fleet();
  readonly #lab: Lab;
  readonly #stop = new AbortController();
  readonly #store: Store;

  constructor(lab: Lab, store: Store, rates: CallRates) {
    this.#lab = lab;
    this.#store = store;
    const groups = { current: () => lab.groups, read: async (key: ExternalGroup["key"]) => lab.groups.get(renderKey(key)) };
    this.registrar = new Registrar({ store, fleet: this.fleet, groups, tokens: new LeaseTokens(new Uint8Array(32)), limits: new RateLimits(rates), clock: lab.clock, log: silentLog, clusterDomain: "cluster.local", defaultIdentities: [] });
  }

  /** Follows the store, as a server does; resolves when everything is read. */
  async follow(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    void this.fleet.follow(this.#store, resolve, this.#stop.signal);
    await promise;
  }

  rounds(): AsyncGenerator<Round, void, void> {
    return watchRounds({ store: this.#store, fleet: this.fleet, groups: { current: () => this.#lab.groups, read: async () => undefined }, clock: this.#lab.clock }, this.#stop.signal);
  }

  stop(): void {
    this.#stop.abort();
  }
}

/** A store, a clock, groups, and as many servers as one wants. */
export class Lab {
  readonly clock = new JumpingClock(new Date(now));
  readonly store: Store;
  groups: ReadonlyMap<string, ExternalGroup> = new Map([["shop/orders", group()]]);

  constructor(store?: Store) {
    this.store = store ?? new MemoryStore(() => this.clock.now().getTime());
  }

  /** Rates so high that only the test of rates meets them. */
  replica(rates: CallRates = unlimited, store = this.store): Replica {
    return new Replica(this, store, rates);
  }

  /** The condition of a workload, as `kubectl` would show it. */
  async condition(name: string): Promise<string> {
    const workload = await this.store.readWorkload({ namespace: "shop", name }, signal);
    if (workload === undefined) return "gone";
    const { condition } = workload.value;
    return condition === undefined ? "unknown" : `${condition.ready ? "True" : "False"} ${condition.reason}`;
  }
}

const wide = { perSecond: 1e6, burst: 1e6 };
/** Rates so high that nobody meets them. */
export const unlimited: CallRates = { register: wide, renew: wide, identity: wide, all: wide };

/** The limits of ordinary use. */
export const usualRates = defaultCallRates;

/** A machine: what it would say next, as its harness keeps it. */
export class Machine {
  readonly call: RegisterCall;
  seq = 0;
  answer: RegisterAnswer | undefined;

  constructor(change: Partial<RegisterCall> = {}) {
    this.call = registerCall(change);
  }

  get name(): string {
    return this.answer?.object.key.name ?? "";
  }

  /** The same disk, started again. */
  restarted(incarnationId: string, change: Partial<RegisterCall> = {}): Machine {
    const { incarnation } = this.call;
    return new Machine({ ...this.call, incarnation: { ...incarnation, incarnationId, epoch: incarnation.epoch + 1 }, ...change });
  }

  async register({ registrar }: Replica): Promise<string> {
    const outcome = await registrar.register({ ...this.call, health: health({ seq: (this.seq += 1) }) }, signal);
    if (outcome.ok) this.answer = outcome.answer;
    return told(outcome);
  }

  async renew({ registrar }: Replica, change: Partial<RenewCall> = {}): Promise<string> {
    return told(await registrar.renew({ ...this.#proof(), addresses: this.call.addresses, configVersion: this.answer?.configVersion ?? "", health: health({ state: "Ready", seq: (this.seq += 1) }), ...change }, signal));
  }

  /** What the server answers to a renewal that it accepts. */
  async renewed({ registrar }: Replica): Promise<RenewAnswer | undefined> {
    const outcome = await registrar.renew({ ...this.#proof(), addresses: this.call.addresses, configVersion: this.answer?.configVersion ?? "", health: health({ state: "Ready", seq: (this.seq += 1) }) }, signal);
    return outcome.ok ? outcome.answer : undefined;
  }

  async leave({ registrar }: Replica, mode: DeregisterCall["mode"]): Promise<string> {
    return told(await registrar.deregister({ ...this.#proof(), mode }, signal));
  }

  #proof(): Omit<DeregisterCall, "mode"> {
    const { identity, incarnation } = this.call;
    return { identity, incarnation, key: this.answer?.object.key ?? { namespace: "shop", name: "none" }, token: this.answer?.token ?? "" };
  }
}

function told<T>(outcome: Outcome<T>): string {
  return outcome.ok ? "ok" : outcome.refusal.reason;
}

/** A store that fails as a full disk does after so many writes, until it is repaired: what a kill leaves, seen from outside. */
export function breakingStore(store: Store, after: number): { readonly store: Store; readonly repair: () => void; readonly count: () => number } {
  let [writes, broken] = [0, true];
  const guard = <Args extends readonly unknown[], T>(write: (...args: Args) => Promise<T>) => async (...args: Args): Promise<T> => {
    if (broken && writes >= after) throw new MeshError("STORE_FAILED", { doing: "writing", what: "no space left on device" });
    writes += 1;
    return write(...args);
  };
  const names = ["createWorkload", "updateWorkload", "updateCondition", "deleteWorkload", "createLease", "updateLease", "deleteLease"] as const;
  const guarded = Object.fromEntries(names.map((name) => [name, guard((store[name] as (...args: readonly unknown[]) => Promise<unknown>).bind(store))]));
  const rest: Pick<Store, "list" | "readWorkload" | "readLease" | "watch" | typeof Symbol.asyncDispose> = {
    list: (...args) => store.list(...args),
    readWorkload: (...args) => store.readWorkload(...args),
    readLease: (...args) => store.readLease(...args),
    watch: (...args) => store.watch(...args),
    [Symbol.asyncDispose]: async () => undefined,
  };
  return { store: { ...rest, ...guarded } as Store, repair: () => (broken = false), count: () => writes };
}
