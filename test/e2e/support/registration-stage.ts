import { randomUUID } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { credentials, Metadata } from "@grpc/grpc-js";
import type { Readiness } from "../../../src/autoregistration/admin-server.ts";
import { openRegistrationClient, type ClientOutcome, type RegistrationClient } from "../../../src/registration/client.ts";
import { decodeRefusal } from "../../../src/registration/error-details.ts";
import { RegistrationClient as RawClient, type WatchEvent } from "../../../src/registration/generated/registration.ts";
import { encodeRegister, type RegisteredMachine, type RenewAsk, type RenewedMachine } from "../../../src/registration/messages-calls.ts";
import type { TlsIdentity } from "../../../src/registration/tls-identity.ts";
import { parseSvid } from "../../../src/spiffe/svid.ts";
import { startProgram, type Running } from "../../cli/program.ts";
import { silentLog } from "../../fakes/silent-log.ts";
import { systemClock } from "../../../src/platform/node/clock.ts";
import { createIssuer, FakeWorkloadApi, type FakeIssuer } from "../../fakes/workload-api.ts";
import { registerAsk, renewAsk } from "../../registration/wire-lab.ts";
import { findPort } from "../../support/find-port.ts";

/** The DNS name that machines ask for. */
export const pinnedName = "linkerd-autoregistration.linkerd.serviceaccount.identity.linkerd.cluster.local";

/** SPIFFE id of the service. */
export const serviceId = "spiffe://mesh.test/ns/linkerd/sa/linkerd-autoregistration";

const { signal } = new AbortController();
let machines = 0;

/** A group file as somebody writes it; leases are the shortest that there are. */
export function groupFile(labels: Readonly<Record<string, string>> = {}): string {
  return JSON.stringify({
    apiVersion: "registration.linkerd-mesh.io/v1alpha1", kind: "ExternalGroup", metadata: { namespace: "shop", name: "orders" },
    spec: { registration: { identities: ["spiffe://mesh.test/vm/*"], renewSeconds: 5, leaseSeconds: 15 }, template: { metadata: { labels } } },
  });
}

/** Everything around registration services that are processes of their own: SPIRE, a folder of groups, a state folder, machines. */
export class RegistrationStage implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), "registration-stage-"));
  readonly groupsDir = join(this.folder, "groups");
  stateDir = join(this.folder, "state");
  readonly host = "127.0.77.1";
  readonly agent: FakeWorkloadApi;
  readonly issuer: FakeIssuer;
  readonly port: number;
  readonly #open = new AsyncDisposableStack();

  private constructor(agent: FakeWorkloadApi, issuer: FakeIssuer, port: number) {
    [this.agent, this.issuer, this.port] = [agent, issuer, port];
    this.#open.use(agent);
    mkdirSync(this.groupsDir);
    this.write("orders.yaml", groupFile());
  }

  static async create(wish: { readonly started?: boolean; readonly dnsNames?: readonly string[] } = {}): Promise<RegistrationStage> {
    const { started = true, dnsNames = [pinnedName] } = wish;
    const stage = new RegistrationStage(await FakeWorkloadApi.create({ started }), await createIssuer(), await findPort());
    await stage.publish(dnsNames);
    return stage;
  }

  /** SPIRE gives the service a new certificate. */
  async publish(dnsNames: readonly string[] = [pinnedName], wish: { readonly expiresAt?: Date } = {}): Promise<void> {
    this.agent.publish(await this.issuer.svid(serviceId, { dnsNames, ...wish }));
  }

  write(file: string, text: string): void {
    writeFileSync(join(this.groupsDir, file), text);
  }

  /** Starts a service; each has an admin address of its own, all the same address for machines. */
  start(...more: readonly string[]): Promise<ServiceProcess> {
    return this.startAs(undefined, ...more);
  }

  /** Starts one as another account. */
  async startAs(uid: number | undefined, ...more: readonly string[]): Promise<ServiceProcess> {
    const admin = `${this.host}:${await findPort()}`;
    const words = [
      "autoregister", "--progress", "plain", "--groups-dir", this.groupsDir, "--state-dir", this.stateDir, "--listen-address", `${this.host}:${this.port}`,
      "--admin-address", admin, "--spire-socket-addr", this.agent.address, ...more,
    ];
    return this.#open.use(new ServiceProcess(startProgram(words, uid === undefined ? {} : { uid }), admin));
  }

  /** Registers in plaintext, as a mesh's proxy hands a call on, with what it says of the caller. */
  async registerPlain(clientId?: string): Promise<string> {
    const raw = new RawClient(`${this.host}:${this.port}`, credentials.createInsecure());
    const metadata = new Metadata();
    if (clientId !== undefined) metadata.set("l5d-client-id", clientId);
    const ask = encodeRegister({ ...registerAsk, labels: {}, incarnation: { ...registerAsk.incarnation, instanceId: randomUUID() } });
    const { promise, resolve } = Promise.withResolvers<string>();
    raw.register(ask, metadata, (error) => resolve(error === null ? "ok" : decodeRefusal(error).reason));
    using _closed = { [Symbol.dispose]: () => raw.close() };
    return await promise;
  }

  /** A machine with an identity that SPIRE gave it. */
  async machine(name = "one"): Promise<StageMachine> {
    const svid = parseSvid(await this.issuer.svid(`spiffe://mesh.test/vm/${name}`), new Date());
    return this.machineAs(() => svid);
  }

  /** A machine with an identity that may be another one each time. */
  machineAs(identity: () => TlsIdentity): StageMachine {
    return this.#open.use(new StageMachine(identity, { host: this.host, port: this.port }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#open.disposeAsync();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** `linkerd-mesh autoregister` as a process. */
export class ServiceProcess implements AsyncDisposable {
  readonly running: Running;
  readonly admin: string;

  constructor(running: Running, admin: string) {
    [this.running, this.admin] = [running, admin];
  }

  /** Machines may call. */
  async serving(): Promise<void> {
    await this.running.saw("autoregister: serving");
  }

  async get(path: string): Promise<{ readonly status: number; readonly text: string }> {
    const response = await fetch(`http://${this.admin}${path}`, { headers: { connection: "close" } });
    return { status: response.status, text: await response.text() };
  }

  /** What /readyz says; undefined while nobody answers. */
  async readiness(): Promise<Readiness | undefined> {
    const answer = await this.get("/readyz").catch(() => undefined);
    return answer === undefined ? undefined : (JSON.parse(answer.text) as Readiness);
  }

  async metric(name: string): Promise<number> {
    const { text } = await this.get("/metrics");
    const line = text.split("\n").find((candidate) => candidate.startsWith(`linkerd_mesh_registration_${name} `));
    return Number(line?.split(" ").at(-1));
  }

  /** How it ended; asks it to, when a signal is given. */
  async end(how?: NodeJS.Signals): Promise<Awaited<Running["ended"]>> {
    if (how !== undefined) this.running.child.kill(how);
    return this.running.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.running[Symbol.asyncDispose]();
  }
}

/** A machine that registers over the real wire. */
export class StageMachine implements Disposable {
  readonly client: RegistrationClient;
  readonly incarnation = { ...registerAsk.incarnation, instanceId: randomUUID(), incarnationId: randomUUID() };
  readonly address = `10.77.${(machines += 1) >> 8}.${machines & 255}`;
  registered: RegisteredMachine | undefined;
  token = "";
  renewed: RenewedMachine | undefined;
  readonly #identity: () => TlsIdentity;
  readonly #service: string;
  #seq = 1;

  constructor(identity: () => TlsIdentity, service: { readonly host: string; readonly port: number }) {
    this.#identity = identity;
    this.#service = `${service.host}:${service.port}`;
    this.client = openRegistrationClient({ address: service, serverName: pinnedName, identity, clock: systemClock, log: silentLog });
  }

  get renewAsk(): RenewAsk {
    const { workload = renewAsk.workload, configVersion = "" } = this.registered ?? {};
    return { ...renewAsk, workload, configVersion, token: this.token, incarnation: this.incarnation, addresses: [this.address], health: { ...renewAsk.health, seq: (this.#seq += 1) } };
  }

  async register(): Promise<string> {
    const outcome = await this.client.register({ ...registerAsk, labels: {}, incarnation: this.incarnation, addresses: [this.address] }, signal);
    if (outcome.ok) [this.registered, this.token] = [outcome.answer, outcome.answer.lease.token];
    return told(outcome);
  }

  /** What the service hints at, until the stream ends; the first hint has come. */
  async watch(): Promise<{ readonly hints: readonly WatchEvent[]; readonly ended: Promise<void> }> {
    const { cert, key } = this.#identity().tlsCredentials();
    const channel = credentials.createSsl(Buffer.from(this.#identity().bundle.pem()), Buffer.from(key), Buffer.from(cert));
    const raw = new RawClient(this.#service, channel, { "grpc.ssl_target_name_override": pinnedName, "grpc.default_authority": pinnedName, "grpc.use_local_subchannel_pool": 1 });
    const { workload } = this.renewAsk;
    const stream = raw.watch({ workloadNamespace: workload.namespace, workloadName: workload.name, leaseToken: this.token }, new Metadata());
    const [hints, begun, ended]: [WatchEvent[], PromiseWithResolvers<void>, PromiseWithResolvers<void>] = [[], Promise.withResolvers(), Promise.withResolvers()];
    stream.on("data", (hint: WatchEvent) => {
      hints.push(hint);
      begun.resolve();
    });
    stream.on("error", begun.reject).once("close", () => {
      raw.close();
      ended.resolve();
    });
    await begun.promise;
    return { hints, ended: ended.promise };
  }

  async renew(): Promise<string> {
    const outcome = await this.client.renew(this.renewAsk, signal);
    if (outcome.ok) [this.renewed, this.token] = [outcome.answer, outcome.answer.lease.token];
    return told(outcome);
  }

  [Symbol.dispose](): void {
    this.client[Symbol.dispose]();
  }
}

function told<T>(outcome: ClientOutcome<T>): string {
  return outcome.ok ? "ok" : outcome.refusal.reason;
}
