import { once } from "node:events";
import { credentials, Metadata, type ClientReadableStream, type ServiceError } from "@grpc/grpc-js";
import { AsyncQueue } from "../../src/base/async-queue.ts";
import { Fleet } from "../../src/autoregistration/fleet.ts";
import { serveRegistrar } from "../../src/autoregistration/handlers.ts";
import { LeaseTokens } from "../../src/autoregistration/lease-tokens.ts";
import { MemoryStore } from "../../src/autoregistration/memory-store.ts";
import { RateLimits, type CallRates } from "../../src/autoregistration/rate-limits.ts";
import { Registrar } from "../../src/autoregistration/registrar.ts";
import { watchRounds, type Round } from "../../src/autoregistration/rounds.ts";
import type { Store } from "../../src/autoregistration/store.ts";
import { renderKey, type ExternalGroup, type ObjectKey } from "../../src/model/external-group.ts";
import { decodeRefusal } from "../../src/registration/error-details.ts";
import { RegistrationClient as RawClient, type WatchEvent, type WatchRequest } from "../../src/registration/generated/registration.ts";
import { openRegistrationServer, type RegistrationServer, type RegistrationServerOptions } from "../../src/registration/server.ts";
import type { TlsIdentity } from "../../src/registration/tls-identity.ts";
import { mintIdentity, mintRoot, mintServer, serverName } from "../registration/wire-lab.ts";
import type { CertificateWish, Issued } from "../fakes/certificates.ts";
import { JumpingClock } from "../fakes/jumping-clock.ts";
import { RememberingLog } from "../fakes/remembering-log.ts";
import { unlimited } from "./lab.ts";
import { group } from "./samples.ts";

const { signal } = new AbortController();
const week = 7 * 86_400_000;

/** The trust domain of these tests, as the start of a SPIFFE id. */
export const trust = "spiffe://root.linkerd.cluster.local";

/** The group of these tests: every machine of the trust domain may join. */
export function openGroup(change: Partial<ExternalGroup> = {}): ExternalGroup {
  return group({ admission: { ...group().admission, identities: [`${trust}/vm/*`] }, ...change });
}

/** What a service of the lab is opened with, where it is not as usual. */
export interface ServiceWish {
  readonly store?: Store;
  readonly rates?: CallRates;
  readonly server?: Partial<RegistrationServerOptions>;
}

/** One server process behind its real wire: its own memory, on a store that it shares with others. */
export class Service {
  readonly registrar: Registrar;
  readonly fleet = new Fleet();
  readonly identities = new AsyncQueue<TlsIdentity>();
  readonly #lab: ServiceLab;
  readonly #store: Store;
  readonly #stop = new AbortController();
  #server: RegistrationServer | undefined;

  constructor(lab: ServiceLab, { store = lab.store, rates = unlimited }: ServiceWish) {
    this.#lab = lab;
    this.#store = store;
    const { clock, log } = lab;
    this.registrar = new Registrar({ store, fleet: this.fleet, groups: lab.groups, tokens: new LeaseTokens(new Uint8Array(32)), limits: new RateLimits(rates), clock, log, clusterDomain: "cluster.local", defaultIdentities: [] });
  }

  get server(): RegistrationServer {
    if (this.#server === undefined) throw new Error("the service is not open");
    return this.#server;
  }

  /** Reads what is stored, follows it, and listens. */
  async open(others: Partial<RegistrationServerOptions>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    void this.fleet.follow(this.#store, resolve, this.#stop.signal).catch(() => undefined);
    await promise;
    this.identities.push(await this.#lab.serverIdentity());
    const { clock, log } = this.#lab;
    const handlers = serveRegistrar(this.registrar, watchHints);
    this.#server = await openRegistrationServer({ listen: { host: "127.0.0.1", port: 0 }, auth: { kind: "tls", identities: this.identities }, handlers, clock, log, ...others }, signal);
  }

  /** The rounds that a leader makes. */
  rounds(): AsyncGenerator<Round, void, void> {
    return watchRounds({ store: this.#store, fleet: this.fleet, groups: this.#lab.groups, clock: this.#lab.clock }, this.#stop.signal);
  }

  /** Calls under way have that long, milliseconds. */
  async stop(grace = 0): Promise<void> {
    await this.#server?.drain(grace);
    this.#stop.abort();
  }
}

/** Trust, time, a store, groups, and as many services as one wants. */
export class ServiceLab implements AsyncDisposable {
  readonly clock = new JumpingClock();
  readonly log = new RememberingLog();
  readonly root: Issued;
  /** Where the next services keep everything. */
  store: Store;
  /** What the services read; replace an entry to edit a group. */
  readonly groupMap = new Map<string, ExternalGroup>([["shop/orders", openGroup()]]);
  readonly groups = { current: () => this.groupMap, read: async (key: ObjectKey) => this.groupMap.get(renderKey(key)) };
  /** What ends with the lab, last first. */
  readonly held = new AsyncDisposableStack();

  private constructor(root: Issued, makeStore: (now: () => number) => Store) {
    this.root = root;
    this.store = makeStore(() => this.clock.now().getTime());
    this.held.defer(() => this.store[Symbol.asyncDispose]());
  }

  /** Closes the store and opens it again, as another process would. */
  async reopen(makeStore: (now: () => number) => Store): Promise<void> {
    await this.store[Symbol.asyncDispose]();
    this.store = makeStore(() => this.clock.now().getTime());
  }

  static async open(makeStore = (now: () => number): Store => new MemoryStore(now)): Promise<ServiceLab> {
    return new ServiceLab(await mintRoot(), makeStore);
  }

  async service(wish: ServiceWish = {}): Promise<Service> {
    const service = new Service(this, wish);
    this.held.defer(() => service.stop());
    await service.open(wish.server ?? {});
    return service;
  }

  /** The identity of a machine; valid so long that no jump of the clock ends it. */
  identity(id: string, wish: CertificateWish = {}): Promise<TlsIdentity> {
    return mintIdentity(this.root, [this.root], { uris: [id], expiresAt: new Date(Date.now() + week), ...wish });
  }

  serverIdentity(): Promise<TlsIdentity> {
    return mintServer(this.root, [this.root], { expiresAt: new Date(Date.now() + week) });
  }

  /** The condition of a workload, as `kubectl` would show it. */
  async condition(name: string): Promise<string> {
    const workload = await this.store.readWorkload({ namespace: "shop", name }, signal);
    if (workload === undefined) return "gone";
    const { condition } = workload.value;
    return condition === undefined ? "unknown" : `${condition.ready ? "True" : "False"} ${condition.reason}`;
  }

  /** Everything that is stored of a workload, to the letter. */
  async stored(name: string): Promise<string> {
    const key = { namespace: "shop", name };
    return JSON.stringify([await this.store.readWorkload(key, signal), await this.store.readLease(key, signal)]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.held.disposeAsync();
  }
}

// One hint at once, for a stream shows that it is accepted only by its first.
async function* watchHints(_key: ObjectKey, signal: AbortSignal): AsyncGenerator<WatchEvent, void, void> {
  yield { e: { $case: "configVersion", value: "" } };
  await once(signal, "abort");
}

/** What a Watch that is refused is told, or the stream of one that is not, from its first byte. */
export async function watchRaw({ server }: Service, identity: TlsIdentity, request: WatchRequest): Promise<{ readonly told: string; readonly stream: ClientReadableStream<WatchEvent>; readonly close: () => void }> {
  const { cert, key } = identity.tlsCredentials();
  const channel = credentials.createSsl(Buffer.from(identity.bundle.pem()), Buffer.from(key), Buffer.from(cert));
  const client = new RawClient(`${server.address.host}:${server.address.port}`, channel, { "grpc.ssl_target_name_override": serverName, "grpc.default_authority": serverName, "grpc.use_local_subchannel_pool": 1 });
  const stream = client.watch(request, new Metadata());
  const close = (): void => {
    stream.on("error", () => undefined).cancel();
    client.close();
  };
  const told = await new Promise<string>((resolve) => {
    stream.once("error", (error: ServiceError) => resolve(renderRefused(decodeRefusal(error))));
    stream.once("data", () => resolve("ok"));
  });
  return { told, stream, close };
}

/** A refusal with everything that it tells. */
export function renderRefused({ reason, code, next, retryAfter, message }: ReturnType<typeof decodeRefusal>): string {
  return [reason, code, next, retryAfter ?? "-", message].join(" | ");
}
