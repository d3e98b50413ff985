import { Bell } from "../../../src/base/bell.ts";
import { untilAborted } from "../../../src/base/abort.ts";
import { DynamicRegistration, type DynamicOptions, type LastAnswers } from "../../../src/harness/registration/dynamic.ts";
import type { LastAnswer } from "../../../src/harness/registration/last-answer.ts";
import type { Health } from "../../../src/harness/registration/plan-health.ts";
import type { ClientOutcome, RegistrationClient } from "../../../src/registration/client.ts";
import type { DeregisterAsk, RegisterAsk, RegisteredMachine, RenewAsk, RenewedMachine } from "../../../src/registration/messages-calls.ts";
import type { Standing } from "../../../src/registration/registration.ts";
import type { TlsIdentity } from "../../../src/registration/tls-identity.ts";
import { JumpingClock } from "../../fakes/jumping-clock.ts";
import { agreed, identity, lease, ready, registered } from "./answers.ts";

/** An identity of the machine; nothing here shows it to anybody. */
export function tlsIdentity(id: string, fingerprint = id): TlsIdentity {
  return { id, fingerprint, expiresAt: new Date("2027-01-01T00:00:00Z"), bundle: { fingerprint: "anchors", pem: () => "" }, tlsCredentials: () => ({ cert: "", key: "" }) };
}

type Outcome = ClientOutcome<RegisteredMachine | RenewedMachine | number>;
type Answer = Outcome | ((line: string) => Outcome) | "none";

/** A machine whose service says what the test says: each call takes the next line of the script, and `none` never answers. */
export class ScriptedMachine {
  readonly clock = new JumpingClock(new Date("2026-01-01T00:00:00Z"));
  readonly bell = new Bell();
  readonly script: Answer[] = [];
  /** Every call as one line. */
  readonly calls: string[] = [];
  readonly asks: (RegisterAsk | RenewAsk | DeregisterAsk)[] = [];
  /** Resolves with each call that is made. */
  called = Promise.withResolvers<void>();
  health: Health = ready;
  last: LastAnswer | undefined;
  /** How often that was written. */
  writes = 0;
  /** Who the machine is now. */
  own: TlsIdentity | undefined = tlsIdentity(identity);
  /** Calls that nobody answers and nobody has given up yet. */
  open = 0;
  /** A client of somebody whom the machine was. */
  clientOf = ({ id }: TlsIdentity): RegistrationClient => this.#client(` by ${id}`);
  readonly registration: DynamicRegistration;
  readonly #stop = new AbortController();
  #watch: AsyncGenerator<Standing, void, void> | undefined;

  constructor(change: Partial<DynamicOptions> = {}) {
    const lastAnswers: LastAnswers = {
      read: () => Promise.resolve(this.last),
      write: async (last) => {
        this.last = last;
        this.writes += 1;
      },
      remove: () => Promise.resolve(void (this.last = undefined)),
    };
    this.registration = new DynamicRegistration({
      client: this.#client(""), clientOf: (past) => this.clientOf(past), identity: () => this.own, clock: this.clock, random: () => 0.5, lastAnswers,
      health: { read: () => this.health, changed: () => this.bell.next },
      incarnation: { instanceId: "i1", incarnationId: "l1", startedAt: this.clock.now(), epoch: 1 },
      ask: { group: { namespace: "shop", name: "orders" }, addresses: ["192.0.2.7"], inboundPort: 4143, labels: {} },
      facts: () => ({ harnessVersion: "1", proxyVersion: "2", os: "linux", hostname: "vm", zone: "" }), ...change,
    });
  }

  /** Begins to watch, under an identity; the watch before is over. */
  watch(as = identity, signal = this.#stop.signal): void {
    this.#watch = this.registration.watch(as, signal);
  }

  /** The next standing; fails at the end of the watch. */
  async next(): Promise<Standing> {
    const found = await this.ended();
    if (found === undefined) throw new Error("the watch is over");
    return found;
  }

  /** The next standing, or undefined at the end of the watch. */
  async ended(): Promise<Standing | undefined> {
    if (this.#watch === undefined) this.watch();
    const found = await this.#watch?.next();
    return found?.value ?? undefined;
  }

  /** The standing after a call that is due in that time, milliseconds. */
  async after(milliseconds: number): Promise<Standing> {
    const next = this.next();
    await Promise.race([this.clock.asleep(milliseconds), next]);
    this.clock.jump(milliseconds);
    return next;
  }

  /** The machine's health is another one from now on, and whoever listens hears of it. */
  turn(health: Health): void {
    this.health = health;
    this.bell.ring();
  }

  stop(): void {
    this.#stop.abort(new Error("stop"));
  }

  #client(by: string): RegistrationClient {
    return {
      register: async (ask, signal) => this.#answer(`register ${ask.health.state} ${ask.health.seq}`, ask, signal),
      renew: async (ask, signal) => this.#answer(`renew ${ask.health.state} ${ask.health.seq} with ${ask.token}`, ask, signal),
      deregister: async (ask, signal) => this.#answer(`${ask.mode} with ${ask.token}${by}`, ask, signal),
      [Symbol.dispose]: () => undefined,
    };
  }

  async #answer<T>(line: string, ask: RegisterAsk | RenewAsk | DeregisterAsk, signal: AbortSignal): Promise<ClientOutcome<T>> {
    signal.throwIfAborted();
    this.calls.push(`${this.clock.monotonic()}: ${line}`);
    this.asks.push(ask);
    const answer = this.script.shift() ?? "none";
    this.called.resolve();
    this.called = Promise.withResolvers<void>();
    if (answer !== "none") return (typeof answer === "function" ? answer(line) : answer) as ClientOutcome<T>;
    this.open += 1;
    try {
      return await untilAborted(new Promise<never>(() => undefined), signal);
    } finally {
      this.open -= 1;
    }
  }
}

/** What an earlier process of this machine was told. */
export function earlier(change: Partial<LastAnswer> = {}): LastAnswer {
  return {
    identity, group: { namespace: "shop", name: "orders" }, savedAt: new Date("2025-12-31T00:00:00Z"), answer: registered({ lease: { ...lease, token: "t0" } }),
    incarnation: { instanceId: "i1", incarnationId: "l0", startedAt: new Date("2025-12-31T00:00:00Z"), epoch: 1 }, ...change,
  };
}

/** A machine that has just registered. */
export async function joined(): Promise<ScriptedMachine> {
  const machine = new ScriptedMachine();
  machine.script.push(agreed(registered()));
  await machine.next();
  return machine;
}
