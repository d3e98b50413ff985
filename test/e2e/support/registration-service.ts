import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { AsyncQueue } from "../../../src/base/async-queue.ts";
import { Fleet } from "../../../src/autoregistration/fleet.ts";
import { serveRegistrar } from "../../../src/autoregistration/handlers.ts";
import { LeaseTokens } from "../../../src/autoregistration/lease-tokens.ts";
import { MemoryStore } from "../../../src/autoregistration/memory-store.ts";
import { RateLimits } from "../../../src/autoregistration/rate-limits.ts";
import { Registrar } from "../../../src/autoregistration/registrar.ts";
import { watchRounds } from "../../../src/autoregistration/rounds.ts";
import { renderKey, type ExternalGroup, type ObjectKey } from "../../../src/model/external-group.ts";
import { openRegistrationClient, type RegistrationClient } from "../../../src/registration/client.ts";
import type { MachineHealth, MachineIncarnation } from "../../../src/registration/messages.ts";
import type { RegisteredMachine, RenewAsk } from "../../../src/registration/messages-calls.ts";
import type { WatchEvent } from "../../../src/registration/generated/registration.ts";
import type { RegistrationHandlers } from "../../../src/registration/server-handlers.ts";
import { openRegistrationServer, type RegistrationServer } from "../../../src/registration/server.ts";
import type { TlsIdentity } from "../../../src/registration/tls-identity.ts";
import type { Clock } from "../../../src/platform/host.ts";
import { systemClock } from "../../../src/platform/node/clock.ts";
import type { Issued } from "../../fakes/certificates.ts";
import { silentLog } from "../../fakes/silent-log.ts";
import { unlimited } from "../../autoregistration/lab.ts";
import { ownAddresses } from "../../support/own-network.ts";
import { mintIdentity } from "../../registration/wire-lab.ts";

const address = { host: "127.0.0.1", port: 8081 };
const serverName = "registration.mesh.test";
const key = { namespace: "shop", name: "orders" };
const { signal } = new AbortController();

/** A group that lets the machine of the stage in, and whose times are short. */
export function shortGroup(change: Partial<ExternalGroup> = {}): ExternalGroup {
  return {
    key, admission: { identities: ["spiffe://mesh.test/*"], allowedCidrs: [], allowedLabels: [], maxWorkloads: undefined },
    lease: { renewInterval: 1000, duration: 3000, deregisterAfter: 600_000, drain: 200 }, onDeregister: "Delete",
    probe: undefined, labels: { app: "orders" }, annotations: {}, ports: [{ name: "http", port: 8080, protocol: "TCP" }], proxy: {}, ...change,
  };
}

/** The registration service of a stage, with its real wire and certificates of the stage's issuer. */
export class RegistrationServiceOnStage implements AsyncDisposable {
  /** What a machine is told to find the group. */
  readonly settings = {
    REGISTRATION: "dynamic", WORKLOAD_GROUP_NAME: key.name, WORKLOAD_GROUP_NAMESPACE: key.namespace,
    CONTROL_ADDRESS: `${address.host}:${address.port}`, CONTROL_SERVER_NAME: serverName,
  };
  /** Every call that was heard, by name. */
  readonly calls: string[] = [];
  readonly #root: Issued;
  readonly #groups = new Map<string, ExternalGroup>();
  #store = new MemoryStore(Date.now);
  #life: { readonly server: RegistrationServer; readonly stop: AbortController; readonly rounds: ReturnType<typeof watchRounds> } | undefined;

  private constructor(root: Issued, group: ExternalGroup | undefined) {
    this.#root = root;
    this.group(group);
  }

  static async open(root: Issued, group: ExternalGroup | undefined = shortGroup()): Promise<RegistrationServiceOnStage> {
    const service = new RegistrationServiceOnStage(root, group);
    await service.start();
    return service;
  }

  /** Edits the group, or takes it away. */
  group(group: ExternalGroup | undefined): void {
    this.#groups.delete(renderKey(key));
    if (group !== undefined) this.#groups.set(renderKey(key), group);
  }

  async start(): Promise<void> {
    const stop = new AbortController();
    const fleet = new Fleet();
    const groups = { current: () => this.#groups, read: async (wanted: ObjectKey) => this.#groups.get(renderKey(wanted)) };
    const store = this.#store;
    const registrar = new Registrar({ store, fleet, groups, tokens: new LeaseTokens(new Uint8Array(32)), limits: new RateLimits(unlimited), clock: systemClock, log: silentLog, clusterDomain: "mesh.test", defaultIdentities: [] });
    const { promise, resolve } = Promise.withResolvers<void>();
    void fleet.follow(store, resolve, stop.signal).catch(() => undefined);
    await promise;
    const identities = new AsyncQueue<TlsIdentity>();
    identities.push(await mintIdentity(this.#root, [this.#root], { uris: ["spiffe://mesh.test/registration"], dnsNames: [serverName] }));
    const handlers = countCalls(serveRegistrar(registrar, watchHints), this.calls);
    const server = await openRegistrationServer({ listen: address, auth: { kind: "tls", identities }, handlers, clock: systemClock, log: silentLog }, signal);
    const rounds = watchRounds({ store, fleet, groups, clock: roundsClock }, stop.signal);
    this.#life = { server, stop, rounds };
  }

  /** Takes the service away, as a killed one goes: its store stays. */
  async stop(): Promise<void> {
    const life = this.#life;
    this.#life = undefined;
    await life?.server.drain(0);
    life?.stop.abort();
  }

  /** A new process whose store holds nothing. */
  async restartEmpty(): Promise<void> {
    await this.stop();
    this.#store = new MemoryStore(Date.now);
    await this.start();
  }

  /** One round of the leader. */
  async round(): Promise<void> {
    await this.#life?.rounds.next();
  }

  /** Each workload as one line: its name without what makes it unique, its identity, its condition. */
  async workloads(): Promise<readonly string[]> {
    const { workloads } = await this.#store.list(signal);
    return workloads.map(({ value: { object, condition } }) => `${object.identity} ${condition === undefined ? "unknown" : `${condition.ready ? "True" : "False"} ${condition.reason}`}`);
  }

  async labels(): Promise<Readonly<Record<string, string>> | undefined> {
    return (await this.#store.list(signal)).workloads[0]?.value.object.labels;
  }

  /** Another machine at the address of the stage's, or another process of it. */
  async stranger(id: string, incarnation: Partial<MachineIncarnation> = {}): Promise<Stranger> {
    const identity = await mintIdentity(this.#root, [this.#root], { uris: [id] });
    return new Stranger(openRegistrationClient({ address, serverName, identity: () => identity, clock: systemClock, log: silentLog }), incarnation);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

// A round is made when a test asks for it.
const roundsClock: Clock = { now: () => systemClock.now(), monotonic: () => systemClock.monotonic(), sleep: async (_milliseconds, stop) => stop.throwIfAborted() };

function countCalls(handlers: RegistrationHandlers, calls: string[]): RegistrationHandlers {
  return {
    ...handlers,
    register: (...args) => {
      calls.push("register");
      return handlers.register(...args);
    },
    renew: (...args) => {
      calls.push("renew");
      return handlers.renew(...args);
    },
    deregister: (...args) => {
      calls.push("deregister");
      return handlers.deregister(...args);
    },
  };
}

async function* watchHints(_key: ObjectKey, until: AbortSignal): AsyncGenerator<WatchEvent, void, void> {
  yield { e: { $case: "configVersion", value: "" } };
  await once(until, "abort");
}

/** Somebody who calls the service by himself; each call tells how it went. */
export class Stranger implements AsyncDisposable {
  readonly #client: RegistrationClient;
  readonly #incarnation: MachineIncarnation;
  #held: RegisteredMachine | undefined;
  #seq = 0;

  constructor(client: RegistrationClient, incarnation: Partial<MachineIncarnation>) {
    this.#client = client;
    this.#incarnation = { instanceId: randomUUID(), incarnationId: randomUUID(), epoch: 1, startedAt: new Date(), ...incarnation };
  }

  async register(): Promise<string> {
    const outcome = await this.#client.register({ group: key, incarnation: this.#incarnation, addresses: [ownAddresses.v4], inboundPort: 4143, labels: {}, facts, health: this.#health() }, signal);
    if (!outcome.ok) return outcome.refusal.reason;
    this.#held = outcome.answer;
    return "ok";
  }

  async renew(): Promise<string> {
    const outcome = await this.#client.renew({ ...this.#proof(), addresses: [ownAddresses.v4], configVersion: "", health: this.#health() }, signal);
    return outcome.ok ? "ok" : outcome.refusal.reason;
  }

  async leave(): Promise<string> {
    const outcome = await this.#client.deregister({ ...this.#proof(), mode: "drain" }, signal);
    return outcome.ok ? "ok" : outcome.refusal.reason;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client[Symbol.dispose]();
  }

  #health(): MachineHealth {
    this.#seq += 1;
    return { state: "Ready", seq: this.#seq, reason: "Serving", message: "", proxyReady: true, identityReady: true, redirectReady: true, applicationReady: true };
  }

  #proof(): Pick<RenewAsk, "workload" | "token" | "incarnation"> {
    return { workload: this.#held?.workload ?? key, token: this.#held?.lease.token ?? "", incarnation: this.#incarnation };
  }
}

const facts = { harnessVersion: "1", proxyVersion: "2", os: "linux", hostname: "stranger", zone: "" };
