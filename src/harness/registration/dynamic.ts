import { renderKey, type ObjectKey } from "../../model/external-group.ts";
import type { Clock } from "../../platform/host.ts";
import type { ClientOutcome, RegistrationClient } from "../../registration/client.ts";
import type { ReceivedRefusal } from "../../registration/error-details.ts";
import type { MachineIncarnation } from "../../registration/messages.ts";
import type { LeaseGrant, RegisterAsk, RegisteredMachine, RenewedMachine } from "../../registration/messages-calls.ts";
import type { TlsIdentity } from "../../registration/tls-identity.ts";
import { noStanding, type Departure, type LeaseReport, type Membership, type Registration, type Standing } from "../../registration/registration.ts";
import { explainRefusal } from "./explain-refusal.ts";
import { renderGroupValues } from "./group-values.ts";
import type { LastAnswer } from "./last-answer.ts";
import { isStandingRefusal, planAfterRegister, planAfterRenew, planStart, type Course } from "./plan-calls.ts";
import { isNews, type Health } from "./plan-health.ts";

/** Where the last answer of the service is kept between starts. */
export interface LastAnswers {
  read(): Promise<LastAnswer | undefined>;
  write(last: LastAnswer): Promise<void>;
  remove(): Promise<void>;
}

/** How the machine is, and when that changes. */
export interface HealthSource {
  read(): Health;
  /** Aborted at the next change, or what may be one. */
  changed(): AbortSignal;
}

/** What a dynamic registration works with. */
export interface DynamicOptions {
  readonly client: RegistrationClient;
  /** Our identity of the moment. */
  readonly identity: () => TlsIdentity | undefined;
  /** A client of somebody whom we were: only he can take back what he registered. */
  readonly clientOf: (identity: TlsIdentity) => RegistrationClient;
  readonly clock: Clock;
  readonly random: () => number;
  readonly health: HealthSource;
  readonly lastAnswers: LastAnswers;
  readonly incarnation: MachineIncarnation;
  /** Everything of the first call that does not change while this process lives. */
  readonly ask: Omit<RegisterAsk, "incarnation" | "health" | "facts">;
  readonly facts: () => RegisterAsk["facts"];
}

// The old identity may have ended with the old certificate: the machine shall not wait long for it.
const takeBackLimit = 2000;

interface Held {
  /** As it is kept for the next start. */
  readonly last: LastAnswer;
  readonly lease: LeaseGrant;
  /** Who made the call that this is the answer to. */
  readonly holder: TlsIdentity | undefined;
}

/** What the loop knows between two calls. */
interface Life {
  readonly identity: string;
  course: Course;
  standing: Standing;
}

/** Registers with the registration service, renews the lease, tells news of the machine's health at once, and leaves. */
export class DynamicRegistration implements Registration {
  readonly kind = "dynamic";
  readonly #options: DynamicOptions;
  readonly #left = new AbortController();
  #held: Held | undefined;
  #takenBack: Promise<void> = Promise.resolve();
  #told: Health | undefined;
  #seq = 0;

  constructor(options: DynamicOptions) {
    this.#options = options;
  }

  async *watch(identity: string, until: AbortSignal): AsyncGenerator<Standing, void, void> {
    const signal = AbortSignal.any([until, this.#left.signal]);
    // The watch before may just be ending, or have ended without being asked again.
    await (this.#takenBack = this.#takeBack(this.#takenBack));
    const life: Life = { identity, course: planStart(this.#options.clock.monotonic()), standing: noStanding };
    while (await this.#isDue(life.course, signal)) {
      const standing = await this.#call(life, signal).catch((error: unknown) => rethrowUnless(signal, error));
      if (standing === undefined || signal.aborted) break;
      life.standing = standing;
      yield standing;
    }
    this.#takenBack = this.#takeBack(this.#takenBack);
  }

  async leave(departure: Departure, signal: AbortSignal): Promise<number> {
    this.#left.abort(new Error("this machine leaves"));
    const { client, incarnation, lastAnswers } = this.#options;
    const held = this.#held;
    if (held !== undefined) return deregister(client, { workload: held.last.answer.workload, token: held.lease.token, incarnation, departure, lastAnswers }, signal);
    // What is only being registered has nothing to drain; what an earlier start registered can still be taken back.
    const last = departure === "delete" ? await lastAnswers.read() : undefined;
    return last === undefined ? 0 : leaveByLastAnswer(client, { last, lastAnswers }, signal);
  }

  /** This machine is somebody else now: peers shall not call whom it was, and its address would be taken until that lease ends. */
  async #takeBack(before: Promise<void>): Promise<void> {
    const held = this.#held;
    if (held?.holder === undefined || this.#left.signal.aborted) return before;
    this.#held = undefined;
    await before;
    const { incarnation, lastAnswers, clientOf } = this.#options;
    using client = clientOf(held.holder);
    const proof: Proof = { workload: held.last.answer.workload, token: held.lease.token, incarnation, departure: "delete", lastAnswers };
    // Where it fails the lease ends by itself.
    await deregister(client, proof, AbortSignal.timeout(takeBackLimit)).catch(() => undefined);
  }

  /** True when the next call is due; false when the signal came first. News of the machine brings it forward. */
  async #isDue(course: Course, signal: AbortSignal): Promise<boolean> {
    const { clock, health } = this.#options;
    while (!signal.aborted) {
      const changed = health.changed();
      const news = this.#told !== undefined && isNews(this.#told, health.read());
      const wait = (news ? Math.min(course.dueAt, course.earliest) : course.dueAt) - clock.monotonic();
      if (wait <= 0) return true;
      await clock.sleep(wait, AbortSignal.any([signal, changed])).catch(() => undefined);
    }
    return false;
  }

  async #call(life: Life, signal: AbortSignal): Promise<Standing> {
    const held = this.#held;
    return life.course.call === "renew" && held !== undefined ? this.#renew(life, held, signal) : this.#register(life, signal);
  }

  async #register(life: Life, signal: AbortSignal): Promise<Standing> {
    const { client, ask, facts, incarnation, identity, clock, lastAnswers } = this.#options;
    const holder = identity();
    const outcome = await client.register({ ...ask, incarnation, facts: facts(), health: this.#report() }, signal);
    life.course = planAfterRegister(life.course, outcome, this.#moment());
    if (!outcome.ok) return this.#refused(life, outcome.refusal);
    const { answer } = outcome;
    const savedAt = clock.now();
    const last: LastAnswer = { identity: life.identity, group: ask.group, incarnation, savedAt, answer };
    this.#held = { last, lease: answer.lease, holder };
    await lastAnswers.write(last);
    return { membership: membershipOf(answer), lease: leaseOf(answer.lease, savedAt), problem: undefined, refused: false };
  }

  async #renew(life: Life, held: Held, signal: AbortSignal): Promise<Standing> {
    const { client, ask: { addresses }, incarnation, clock, identity } = this.#options;
    const holder = identity();
    const { last: { answer: { workload, configVersion } }, lease: { token } } = held;
    const outcome: ClientOutcome<RenewedMachine> = await client.renew({ workload, token, incarnation, addresses, health: this.#report(), configVersion }, signal);
    life.course = planAfterRenew(life.course, outcome, this.#moment());
    if (!outcome.ok) return this.#refused(life, outcome.refusal);
    const { lease } = outcome.answer;
    const renewedAt = clock.now();
    await this.#keep({ ...held, lease, holder }, renewedAt);
    return { ...life.standing, lease: leaseOf(lease, renewedAt), problem: undefined, refused: false };
  }

  /** The service signs with another key now and then; who leaves without a harness needs the token of the newest. */
  async #keep(held: Held, savedAt: Date): Promise<void> {
    const { last, lease } = held;
    const isKept = last.answer.lease.token === lease.token;
    const next = isKept ? last : { ...last, savedAt, answer: { ...last.answer, lease } };
    this.#held = { ...held, last: next };
    if (!isKept) await this.#options.lastAnswers.write(next);
  }

  /** A full report, with a number of its own: whatever call got lost, the next one says everything. */
  #report(): Health & { readonly seq: number } {
    this.#told = this.#options.health.read();
    this.#seq += 1;
    return { ...this.#told, seq: this.#seq };
  }

  async #refused({ identity, standing }: Life, refusal: ReceivedRefusal): Promise<Standing> {
    // What is held can still be taken back, also while a group's edit has this machine register anew.
    if (refusal.next === "register") this.#held = undefined;
    const { ask: { group } } = this.#options;
    const problem = explainRefusal(refusal, `${standing.membership === undefined ? "joining" : "staying in"} the group ${renderKey(group)}`);
    if (isStandingRefusal(refusal.reason)) return { ...standing, problem, refused: true };
    if (standing.membership !== undefined || refusal.next !== "backoff" || refusal.reason === "NO_IDENTITY") return { ...standing, problem };
    return { ...standing, ...(await this.#recall(identity)), problem };
  }

  /** What the service said at an earlier start: enough for the proxy, while the service is away. */
  async #recall(identity: string): Promise<Pick<Standing, "membership" | "lease"> | undefined> {
    const { lastAnswers, ask, incarnation } = this.#options;
    const last = await lastAnswers.read();
    const ours = last?.identity === identity && renderKey(last.group) === renderKey(ask.group) && last.incarnation.instanceId === incarnation.instanceId;
    return last !== undefined && ours ? { membership: membershipOf(last.answer), lease: leaseOf(last.answer.lease, last.savedAt) } : undefined;
  }

  #moment(): { readonly now: number; readonly random: number } {
    return { now: this.#options.clock.monotonic(), random: this.#options.random() };
  }
}

/** Takes back what an earlier process registered. Resolves to the milliseconds until peers have noticed; throws a MeshError when it was refused. */
export async function leaveByLastAnswer(client: RegistrationClient, { last, lastAnswers }: { readonly last: LastAnswer; readonly lastAnswers: LastAnswers }, signal: AbortSignal): Promise<number> {
  const { answer: { workload, lease: { token } }, incarnation } = last;
  return deregister(client, { workload, token, incarnation, departure: "delete", lastAnswers }, signal);
}

interface Proof {
  readonly workload: ObjectKey;
  readonly token: string;
  readonly incarnation: MachineIncarnation;
  readonly departure: Departure;
  readonly lastAnswers: LastAnswers;
}

async function deregister(client: RegistrationClient, { departure, lastAnswers, ...proof }: Proof, signal: AbortSignal): Promise<number> {
  const outcome = await client.deregister({ ...proof, mode: departure }, signal);
  if (!outcome.ok) throw explainRefusal(outcome.refusal, `leaving as ${renderKey(proof.workload)}`);
  if (departure === "delete") await lastAnswers.remove();
  return outcome.answer;
}

function membershipOf({ workload, identity, serverName, proxy, probe }: RegisteredMachine): Membership {
  return { workload: { ...workload, identity, serverName }, values: renderGroupValues(proxy), probe };
}

function leaseOf({ duration }: LeaseGrant, renewedAt: Date): LeaseReport {
  return { renewedAt, until: new Date(renewedAt.getTime() + duration) };
}

function rethrowUnless(signal: AbortSignal, error: unknown): undefined {
  if (signal.aborted) return undefined;
  throw error;
}
