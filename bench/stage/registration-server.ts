// The server of the registration figures, a process of its own so that its CPU and memory are nobody else's. Its parent
// opens it over IPC, moves its clock on and asks for its usage.
import { createHash } from "node:crypto";
import { Server, ServerCredentials, status, type sendUnaryData, type ServerUnaryCall } from "@grpc/grpc-js";
import { AsyncQueue } from "../../src/base/async-queue.ts";
import { Fleet } from "../../src/autoregistration/fleet.ts";
import { serveRegistrar } from "../../src/autoregistration/handlers.ts";
import { LeaseTokens } from "../../src/autoregistration/lease-tokens.ts";
import { MemoryStore } from "../../src/autoregistration/memory-store.ts";
import { RateLimits } from "../../src/autoregistration/rate-limits.ts";
import { Registrar } from "../../src/autoregistration/registrar.ts";
import { watchRounds } from "../../src/autoregistration/rounds.ts";
import { SqliteStore } from "../../src/autoregistration/sqlite-store.ts";
import type { Store } from "../../src/autoregistration/store.ts";
import { renderKey, type ExternalGroup } from "../../src/model/external-group.ts";
import { RegistrationService, type WatchEvent } from "../../src/registration/generated/registration.ts";
import type { RegistrationHandlers } from "../../src/registration/server-handlers.ts";
import { openRegistrationServer } from "../../src/registration/server.ts";
import type { TlsIdentity } from "../../src/registration/tls-identity.ts";
import { silentLog } from "../../test/fakes/silent-log.ts";
import { PassingClock } from "./passing-clock.ts";
import type { Opening, Order, Usage } from "./registration-orders.ts";
import { emptyRegistered, emptyRenewed, groupKey, makeGroup } from "./registration-samples.ts";

const { signal } = new AbortController();
const clock = new PassingClock();
const seen = { rounds: 0, silent: 0 };
let groups: ReadonlyMap<string, ExternalGroup> = new Map([[renderKey(groupKey), makeGroup()]]);

process.once("message", (opening: Opening) => {
  void open(opening).then(({ port, connections }) => {
    process.on("message", ({ id, order }: { readonly id: number; readonly order: Order }) => process.send?.({ id, usage: obey(order, connections()) }));
    process.send?.({ port });
  });
});
process.once("disconnect", () => process.exit());

interface Opened {
  readonly port: number;
  readonly connections: () => number;
}

async function open(opening: Opening): Promise<Opened> {
  if (opening.kind === "library") return openLibrary(opening);
  const handlers = opening.kind === "wire" ? emptyHandlers() : await startRegistrar(opening);
  const server = await openRegistrationServer({ listen: { host: "127.0.0.1", port: 0 }, auth: { kind: "tls", identities: serve(opening) }, handlers, clock, log: silentLog }, signal);
  return { port: server.address.port, connections: () => server.counts().connections };
}

/** The least that answers over mutual TLS: the gRPC library with the service's messages and a constant answer. */
async function openLibrary({ cert, key, bundle }: Opening): Promise<Opened> {
  const server = new Server({ "grpc.enable_channelz": 0 });
  server.addService(RegistrationService, {
    register: always(emptyRegistered),
    renew: always(emptyRenewed),
    deregister: (_call: unknown, done: sendUnaryData<never>) => done({ code: status.UNIMPLEMENTED }),
    watch: (call: { end(): void }) => call.end(),
  });
  const credentials = ServerCredentials.createSsl(Buffer.from(bundle), [{ cert_chain: Buffer.from(cert), private_key: Buffer.from(key) }], true);
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync("127.0.0.1:0", credentials, (error, port) => (error === null ? resolve(port) : reject(error)));
  return { port: await promise, connections: () => NaN };
}

function always<Q, A>(answer: A): (call: ServerUnaryCall<Q, A>, done: sendUnaryData<A>) => void {
  return (_call, done) => done(null, answer);
}

function emptyHandlers(): RegistrationHandlers {
  return {
    register: async () => ({ ok: true, answer: emptyRegistered }),
    renew: async () => ({ ok: true, answer: emptyRenewed }),
    deregister: async () => ({ ok: true, answer: { drainFor: undefined } }),
    watch: async () => ({ ok: true, answer: new AsyncQueue<WatchEvent>() }),
  };
}

function serve({ cert, key, bundle }: Opening): AsyncIterable<TlsIdentity> {
  const fingerprintOf = (text: string): string => createHash("sha256").update(text).digest("hex");
  const identities = new AsyncQueue<TlsIdentity>();
  identities.push({
    id: "spiffe://root.linkerd.cluster.local/server", fingerprint: fingerprintOf(cert), expiresAt: new Date(8.64e15),
    bundle: { fingerprint: fingerprintOf(bundle), pem: () => bundle }, tlsCredentials: () => ({ cert, key }),
  });
  return identities;
}

/** The service as its leader runs it: registrar, fleet, rounds. */
async function startRegistrar({ kind, database }: Opening): Promise<RegistrationHandlers> {
  const now = (): number => clock.now().getTime();
  const store: Store = kind === "sqlite" ? new SqliteStore(database, now) : new MemoryStore(now);
  const fleet = new Fleet();
  const held = { current: () => groups, read: async (key: ExternalGroup["key"]) => groups.get(renderKey(key)) };
  // Rates that no call meets, for what a call costs is the question; the limits are asked all the same.
  const wide = { perSecond: 1e6, burst: 1e6 };
  const limits = new RateLimits({ register: wide, renew: wide, identity: wide, all: wide });
  const registrar = new Registrar({ store, fleet, groups: held, tokens: new LeaseTokens(new Uint8Array(32)), limits, clock, log: silentLog, clusterDomain: "cluster.local", defaultIdentities: [] });
  const { promise, resolve } = Promise.withResolvers<void>();
  void fleet.follow(store, resolve, signal);
  await promise;
  void countRounds(watchRounds({ store, fleet, groups: held, clock }, signal));
  return serveRegistrar(registrar, () => new AsyncQueue<WatchEvent>());
}

async function countRounds(rounds: ReturnType<typeof watchRounds>): Promise<void> {
  for await (const { done, held, tripped } of rounds) {
    seen.rounds += 1;
    seen.silent += held + tripped.length + done.filter(({ kind }) => kind === "expire").length;
  }
}

function obey(order: Order, connections: number): Usage {
  if (order.kind === "pass") clock.pass(order.time);
  if (order.kind === "lease") groups = new Map([[renderKey(groupKey), makeGroup({ lease: { ...makeGroup().lease, duration: order.duration } })]]);
  if (order.kind === "usage" && order.collect) globalThis.gc?.();
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, external } = process.memoryUsage();
  return { cpu: (user + system) / 1000, resident: rss, heap: heapUsed + external, connections, ...seen };
}
