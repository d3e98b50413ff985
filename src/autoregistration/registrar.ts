import { renderKey, type ExternalGroup, type ObjectKey } from "../model/external-group.ts";
import { isMeshError } from "../model/errors.ts";
import { parseIp, renderIp } from "../model/settings/ip.ts";
import type { Clock, Log } from "../platform/host.ts";
import { refuseCall, type Refusal } from "../registration/reasons.ts";
import { applyWrites } from "./apply-writes.ts";
import type { DeregisterCall, RegisterCall, RenewCall } from "./calls.ts";
import type { Fleet } from "./fleet.ts";
import { judgeDeregister, type Deregistered } from "./judge-deregister.ts";
import { judgeRegister, type Registered } from "./judge-register.ts";
import { judgeRenew, type Renewed } from "./judge-renew.ts";
import type { LeaseTokens } from "./lease-tokens.ts";
import { listNames, pickName, readConfigVersion } from "./names.ts";
import type { StoredWorkload, Versioned } from "./objects.ts";
import type { Caller, RateLimits } from "./rate-limits.ts";
import type { Store } from "./store.ts";
import { TakeTurns } from "./take-turns.ts";
import type { Verdict } from "./writes.ts";

/** Where the groups are; `read` asks whoever keeps them, for a machine may be faster than the news of its group. */
export interface Groups {
  current(): ReadonlyMap<string, ExternalGroup>;
  read(key: ObjectKey, signal: AbortSignal): Promise<ExternalGroup | undefined>;
}

/** What the registrar works with. */
export interface RegistrarDeps {
  readonly store: Store;
  readonly fleet: Fleet;
  readonly groups: Groups;
  readonly tokens: LeaseTokens;
  readonly limits: RateLimits;
  readonly clock: Clock;
  readonly log: Log;
  readonly clusterDomain: string;
  readonly defaultIdentities: readonly string[];
}

/** The answer to a call, or why there is none. */
export type Outcome<T> = { readonly ok: true; readonly answer: T } | { readonly ok: false; readonly refusal: Refusal };

/** What a machine needs to know after it has registered. */
export interface RegisterAnswer extends Registered {
  readonly uid: string;
  readonly token: string;
  readonly group: ExternalGroup;
  readonly configVersion: string;
}

/** What a machine is told when it renews. */
export interface RenewAnswer extends Renewed {
  /** Signed anew, so that tokens follow a rotation of the key. */
  readonly token: string;
}

// Each loses against a writer that got through; nobody loses this often but in a fight of two.
const attempts = 5;

/** The registration service without its wire: calls that are authenticated and well-formed go in, answers come out. */
export class Registrar {
  readonly #deps: RegistrarDeps;
  readonly #turns = new TakeTurns();

  constructor(deps: RegistrarDeps) {
    this.#deps = deps;
  }

  async register(call: RegisterCall, signal: AbortSignal): Promise<Outcome<RegisterAnswer>> {
    const quota = this.#judgeQuota({ identity: call.identity, instanceId: call.incarnation.instanceId, kind: "register" });
    if (quota) return { ok: false, refusal: quota };
    // One after the other for each address, or two machines could both find it free.
    await using _turn = await this.#turns.take(canonical(call.addresses), signal);
    const outcome = await this.#decide((live) => this.#judgeRegister(call, live, signal), signal);
    if (!outcome.ok) return outcome;
    const { object, lease, group } = outcome.answer;
    const uid = this.#deps.fleet.workload(object.key)?.value.uid ?? "";
    const token = this.#deps.tokens.issue({ key: object.key, identity: call.identity, incarnation: call.incarnation });
    return { ok: true, answer: { object, lease, group, uid, token, configVersion: readConfigVersion(group) } };
  }

  async renew(call: RenewCall, signal: AbortSignal): Promise<Outcome<RenewAnswer>> {
    const quota = this.#judgeQuota({ identity: call.identity, instanceId: call.incarnation.instanceId, kind: "renew" });
    if (quota) return { ok: false, refusal: quota };
    const token = this.#deps.tokens.renew(call.token, call, this.#deps.fleet.workload(call.key)?.value.object);
    const outcome = await this.#decide((live) => this.#judgeRenew({ ...call, tokenValid: token !== undefined }, live, signal), signal);
    // Whoever is accepted has shown a good one.
    return outcome.ok ? { ok: true, answer: { ...outcome.answer, token: token ?? "" } } : outcome;
  }

  async deregister(call: DeregisterCall, signal: AbortSignal): Promise<Outcome<Deregistered>> {
    const quota = this.#judgeQuota({ identity: call.identity, instanceId: call.incarnation.instanceId, kind: "renew" });
    if (quota) return { ok: false, refusal: quota };
    const judge = async (live: boolean): Promise<Verdict<Deregistered>> => {
      const { tokens, clock } = this.#deps;
      return judgeDeregister(call, { tokenValid: tokens.isValid(call.token, call), ...(await this.#stored(call.key, live, signal)) }, clock.now().getTime());
    };
    return this.#decide(judge, signal);
  }

  /** True when the token is that of the process which holds the workload's lease, and the identity its own: for calls that name no incarnation. */
  isHolder({ identity, key, token }: Pick<RenewCall, "identity" | "key" | "token">): boolean {
    const [object, lease] = [this.#deps.fleet.workload(key)?.value.object, this.#deps.fleet.lease(key)?.value];
    if (object === undefined || lease === undefined) return false;
    const incarnation = { instanceId: object.instanceId, incarnationId: lease.incarnationId, epoch: lease.epoch };
    return object.identity === identity && this.#deps.tokens.isValid(token, { key, identity, incarnation });
  }

  async #judgeRegister(call: RegisterCall, live: boolean, signal: AbortSignal): Promise<Verdict<Registered & { readonly group: ExternalGroup }>> {
    const { fleet, store, groups, clock, clusterDomain, defaultIdentities } = this.#deps;
    const source = { group: call.group, identity: call.identity, instanceId: call.incarnation.instanceId };
    const group = groups.current().get(renderKey(call.group)) ?? (live ? await groups.read(call.group, signal) : undefined);
    const keys = listNames(source).map((name) => ({ namespace: call.group.namespace, name }));
    if (live) await Promise.all(keys.map((key) => fleet.refresh(store, key, signal)));
    const name = pickName(source, new Map(keys.map((key) => [key.name, fleet.workload(key)])));
    const key = name === undefined ? undefined : { namespace: call.group.namespace, name };
    const now = clock.now().getTime();
    const workload = key && fleet.workload(key);
    // Counted only where the number matters: it takes time in a large group.
    const others = workload !== undefined || group?.admission.maxWorkloads === undefined ? 0 : fleet.others(call.group, key, now);
    const view = { group, name, workload, lease: key && fleet.lease(key), owners: fleet.owners(canonical(call.addresses), key, now), others };
    const verdict = judgeRegister(call, view, { now, clusterDomain, defaultIdentities });
    return verdict.kind === "accepted" && group !== undefined ? { ...verdict, answer: { ...verdict.answer, group } } : (verdict as Extract<typeof verdict, { kind: "refused" }>);
  }

  async #judgeRenew(call: RenewCall & { readonly tokenValid: boolean }, live: boolean, signal: AbortSignal): Promise<Verdict<Renewed>> {
    const { fleet, clock, defaultIdentities } = this.#deps;
    const stored = await this.#stored(call.key, live, signal);
    const now = clock.now().getTime();
    const configVersion = stored.group ? readConfigVersion(stored.group) : "";
    const own = stored.workload?.value.object.addresses;
    // What is stored is canonical already.
    const addresses = own !== undefined && own.join() === call.addresses.join() ? own : canonical(call.addresses);
    const owners = fleet.owners(addresses, call.key, now);
    return judgeRenew(call, { ...stored, tokenValid: call.tokenValid, configVersion, owners }, { now, defaultIdentities });
  }

  async #stored(key: ObjectKey, live: boolean, signal: AbortSignal): Promise<{ readonly workload: Versioned<StoredWorkload> | undefined; readonly lease: ReturnType<Fleet["lease"]>; readonly group: ExternalGroup | undefined }> {
    const { fleet, store, groups } = this.#deps;
    if (live) await fleet.refresh(store, key, signal);
    const workload = fleet.workload(key);
    const groupKey = workload && { namespace: key.namespace, name: workload.value.object.group };
    const group = groupKey && (groups.current().get(renderKey(groupKey)) ?? (live ? await groups.read(groupKey, signal) : undefined));
    return { workload, lease: fleet.lease(key), group };
  }

  /** Judges by memory first; whatever that refuses, or the store then refuses, is judged again by what is stored. */
  async #decide<T>(judge: (live: boolean) => Promise<Verdict<T>>, signal: AbortSignal): Promise<Outcome<T>> {
    const { store, fleet, log, clock } = this.#deps;
    try {
      for (let attempt = 0; attempt < attempts; attempt += 1) {
        const verdict = await judge(attempt > 0);
        if (verdict.kind === "refused" && attempt === 0) continue;
        const { applied, refused } = await applyWrites(store, verdict.writes, signal);
        fleet.note(applied);
        if (refused === undefined) return verdict.kind === "accepted" ? { ok: true, answer: verdict.answer } : { ok: false, refusal: verdict.refusal };
      }
      return { ok: false, refusal: refuseCall("UNAVAILABLE", "Others wrote the same objects all the time.") };
    } catch (error) {
      if (!isMeshError(error, "STORE_FAILED")) throw error;
      fleet.noteDeaf(clock.monotonic());
      log.write("error", "a call could not be stored", { code: error.code, what: error.what });
      return { ok: false, refusal: refuseCall("UNAVAILABLE", "The registration service cannot reach its store.") };
    }
  }

  #judgeQuota(caller: Caller): Refusal | undefined {
    const wait = this.#deps.limits.take(caller, this.#deps.clock.monotonic());
    return wait === 0 ? undefined : refuseCall("QUOTA", `This machine calls too often; the next call may come in ${wait} ms.`, wait);
  }
}

function canonical(addresses: readonly string[]): readonly string[] {
  return addresses.map((address) => parseIp(address)).filter((ip) => ip !== undefined).map(renderIp);
}
