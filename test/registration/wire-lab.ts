import { createHash } from "node:crypto";
import { AsyncQueue } from "../../src/base/async-queue.ts";
import { openRegistrationClient, type RegistrationClient, type RegistrationClientOptions } from "../../src/registration/client.ts";
import type { RegisterResponse, RenewResponse } from "../../src/registration/generated/registration.ts";
import { encodeDuration, type MachineHealth } from "../../src/registration/messages.ts";
import type { RegisterAsk, RenewAsk } from "../../src/registration/messages-calls.ts";
import type { RegistrationHandlers } from "../../src/registration/server-handlers.ts";
import { openRegistrationServer, type RegistrationServer, type RegistrationServerOptions } from "../../src/registration/server.ts";
import type { TlsIdentity } from "../../src/registration/tls-identity.ts";
import { keyPemOf, mintCertificate, pemOf, type CertificateWish, type Issued } from "../fakes/certificates.ts";
import { JumpingClock } from "../fakes/jumping-clock.ts";
import { RememberingLog } from "../fakes/remembering-log.ts";

/** The DNS name that the server's certificate has. */
export const serverName = "linkerd-mesh-autoregistration.linkerd.serviceaccount.identity.linkerd.cluster.local";

/** SPIFFE id of the machine of these tests. */
export const machineId = "spiffe://root.linkerd.cluster.local/vm/orders";

/** A root certificate. */
export function mintRoot(): Promise<Issued> {
  return mintCertificate({ ca: true });
}

/** An identity that `root` vouches for and that believes `trusted`. */
export async function mintIdentity(root: Issued, trusted: readonly Issued[], wish: CertificateWish = {}): Promise<TlsIdentity> {
  const leaf = await mintCertificate({ issuer: root, uris: [machineId], ...wish });
  const [cert, key, bundle] = [pemOf(leaf), await keyPemOf(leaf), pemOf(...trusted)];
  const fingerprintOf = (text: string): string => createHash("sha256").update(text).digest("hex");
  return {
    id: wish.uris?.[0] ?? machineId,
    fingerprint: fingerprintOf(cert),
    expiresAt: leaf.certificate.notAfter,
    bundle: { fingerprint: fingerprintOf(bundle), pem: () => bundle },
    tlsCredentials: () => ({ cert, key }),
  };
}

/** The server's identity: a SPIFFE id, and the name that clients pin. */
export function mintServer(root: Issued, trusted: readonly Issued[], wish: CertificateWish = {}): Promise<TlsIdentity> {
  return mintIdentity(root, trusted, { uris: ["spiffe://root.linkerd.cluster.local/server"], dnsNames: [serverName], ...wish });
}

const incarnation = { instanceId: "9e107d9d-372b-4826-a1b2-000000000001", incarnationId: "9e107d9d-372b-4826-a1b2-000000000002", startedAt: new Date(1e12), epoch: 1 };
const health: MachineHealth = { state: "Ready", seq: 3, reason: "Serving", message: "", proxyReady: true, identityReady: true, redirectReady: true, applicationReady: true };
const lease = { token: "t0k3n", duration: encodeDuration(40_000), renewInterval: encodeDuration(10_000), deregisterAfter: encodeDuration(600_000) };

/** A registration as a machine asks for it. */
export const registerAsk: RegisterAsk = {
  group: { namespace: "shop", name: "orders" }, incarnation, addresses: ["192.0.2.7"], inboundPort: 4143, labels: { tier: "gold" }, health,
  facts: { harnessVersion: "1", proxyVersion: "2", os: "linux", hostname: "vm", zone: "a" },
};

/** A renewal as a machine asks for it. */
export const renewAsk: RenewAsk = { workload: { namespace: "shop", name: "orders-1" }, token: "t0k3n", incarnation, addresses: ["192.0.2.7"], health, configVersion: "c1" };

/** What the handlers below answer to a machine that joins. */
export function registeredAs(identity: string): RegisterResponse {
  return {
    workloadName: "orders-1", workloadNamespace: "shop", workloadUid: "u", identity, serverName: "orders-1.shop.external.identity.linkerd.cluster.local", lease,
    probe: { kind: { $case: "httpGet", value: { host: "", path: "/ready", port: 8000, scheme: "HTTP", headers: {} } }, initialDelayS: 0, periodS: 10, timeoutS: 1, successThreshold: 1, failureThreshold: 3 },
    ports: [{ name: "http", port: 80, protocol: "TCP" }],
    proxy: { clusterDomain: "cluster.local", destinationAddr: "", destinationName: "", policyAddr: "", policyName: "", clusterNetworks: "", defaultInboundPolicy: "" },
    configVersion: "c1",
  };
}

/** What the handlers below answer to a machine that renews. */
export const renewed: RenewResponse = { lease, configChanged: false, minNextCall: encodeDuration(1000), healthSeqApplied: 3n };

/** Handlers that agree to everything; each can be replaced. */
export function agreeing(others: Partial<RegistrationHandlers> = {}): RegistrationHandlers {
  return {
    register: async (_request, { identity }) => ({ ok: true, answer: registeredAs(identity) }),
    renew: async () => ({ ok: true, answer: renewed }),
    deregister: async () => ({ ok: true, answer: { drainFor: encodeDuration(10_000) } }),
    watch: async () => ({ ok: true, answer: new AsyncQueue() }),
    ...others,
  };
}

/** A server in TLS mode with what the tests turn. */
export interface Lab extends AsyncDisposable {
  readonly root: Issued;
  readonly server: RegistrationServer;
  readonly identities: AsyncQueue<TlsIdentity>;
  readonly clock: JumpingClock;
  readonly log: RememberingLog;
  /** A client as the machine has it, here with some other options. */
  client(identity: () => TlsIdentity | undefined, others?: Partial<RegistrationClientOptions>): RegistrationClient;
}

/** Opens one; `identity` is the server's own when it is not to be a good one. */
export async function openLab(handlers: RegistrationHandlers = agreeing(), others: Partial<RegistrationServerOptions> = {}, given?: { readonly root: Issued; readonly identity: TlsIdentity }): Promise<Lab> {
  const root = given?.root ?? (await mintRoot());
  const identities = new AsyncQueue<TlsIdentity>();
  identities.push(given?.identity ?? (await mintServer(root, [root])));
  const [clock, log] = [new JumpingClock(), new RememberingLog()];
  const server = await openRegistrationServer({ listen: { host: "127.0.0.1", port: 0 }, auth: { kind: "tls", identities }, handlers, clock, log, ...others }, AbortSignal.timeout(5000));
  const clients: RegistrationClient[] = [];
  return {
    root, server, identities, clock, log,
    client: (identity, options) => {
      const client = openRegistrationClient({ address: server.address, serverName, identity, clock, log, ...options });
      clients.push(client);
      return client;
    },
    [Symbol.asyncDispose]: async () => {
      for (const client of clients) client[Symbol.dispose]();
      await server.drain(100);
    },
  };
}
