import { credentials as channelCredentials, Metadata, status, type ChannelCredentials, type ServiceError } from "@grpc/grpc-js";
import { encodeEndpoint, decodeEndpoint, type Endpoint } from "../../linkerd/addresses.ts";
import { DestinationClient, type Update, type WeightedAddr } from "../../linkerd/generated/destination.ts";
import { InboundServerPoliciesClient, type Server } from "../../linkerd/generated/inbound.ts";
import { OutboundPoliciesClient, type Backend, type OutboundPolicy } from "../../linkerd/generated/outbound.ts";
import type { TlsMaterial } from "./material.ts";
import type { ControlAddress } from "./configuration.ts";

/** Where an outbound connection goes. */
export type Route = { readonly kind: "plain" } | { readonly kind: "endpoint"; readonly endpoint: WeightedAddr } | { readonly kind: "failed"; readonly why: string };

/** How long one question to the control plane may take, milliseconds. */
const answerWait = 3000;

/** The proxy's questions to its control plane, under one certificate; a new certificate takes a new client. */
export class ControlClient implements Disposable {
  readonly #destination: DestinationClient;
  readonly #inbound: InboundServerPoliciesClient;
  readonly #outbound: OutboundPoliciesClient;
  readonly #workload: string;

  constructor(addresses: { readonly destination: ControlAddress; readonly policy: ControlAddress; readonly workload: string }, material: TlsMaterial) {
    const { destination, policy, workload } = addresses;
    this.#workload = workload;
    this.#destination = new DestinationClient(targetOf(destination), credentialsFor(destination, material), optionsFor(destination));
    this.#inbound = new InboundServerPoliciesClient(targetOf(policy), credentialsFor(policy, material), optionsFor(policy));
    this.#outbound = new OutboundPoliciesClient(targetOf(policy), credentialsFor(policy, material), optionsFor(policy));
  }

  /** The policy of a port of this workload; undefined when the service knows none or does not answer. */
  readPortPolicy(port: number): Promise<Server | undefined> {
    const { promise, resolve } = Promise.withResolvers<Server | undefined>();
    this.#inbound.getPort({ workload: this.#workload, port }, new Metadata(), deadline(), (error, server) => resolve(error === null ? server : undefined));
    return promise;
  }

  /** Where a connection to that address goes. */
  async readRoute(to: Endpoint): Promise<Route> {
    const { promise, resolve } = Promise.withResolvers<OutboundPolicy | ServiceError>();
    this.#outbound.get({ sourceWorkload: this.#workload, target: { $case: "addr", value: encodeEndpoint(to) } }, new Metadata(), deadline(), (error, policy) => resolve(error ?? policy));
    const answer = await promise;
    if ("code" in answer) {
      // What the cluster does not know is not the mesh's: it goes where it was going.
      const unknown = answer.code === status.NOT_FOUND || answer.code === status.UNIMPLEMENTED;
      return unknown ? { kind: "plain" } : { kind: "failed", why: answer.details };
    }
    const backend = firstBackend(answer);
    if (backend?.$case === "forward") return { kind: "endpoint", endpoint: backend.value };
    const path = backend?.value.discovery?.kind?.value.path;
    return path === undefined ? { kind: "failed", why: "the policy names no backend" } : this.#readEndpoint(path);
  }

  [Symbol.dispose](): void {
    for (const client of [this.#destination, this.#inbound, this.#outbound]) client.close();
  }

  #readEndpoint(path: string): Promise<Route> {
    const { promise, resolve } = Promise.withResolvers<Route>();
    const stream = this.#destination.get({ scheme: "k8s", path, contextToken: "" }, deadline());
    stream.once("data", (update: Update) => {
      const endpoint = update.update?.$case === "add" ? update.update.value.addrs.find(({ addr }) => decodeEndpoint(addr) !== undefined) : undefined;
      resolve(endpoint === undefined ? { kind: "failed", why: `${path} has no endpoint` } : { kind: "endpoint", endpoint });
      stream.cancel();
    });
    stream.once("error", (error) => resolve({ kind: "failed", why: error.message }));
    stream.once("end", () => resolve({ kind: "failed", why: `discovery of ${path} ended without an answer` }));
    return promise;
  }
}

function firstBackend({ protocol }: OutboundPolicy): Backend["kind"] {
  const opaque = protocol?.kind?.$case === "detect" ? protocol.kind.value.opaque : protocol?.kind?.value;
  return opaque?.routes[0]?.rules[0]?.backends?.kind?.value.backends[0]?.backend?.kind;
}

function deadline(): { deadline: Date } {
  return { deadline: new Date(Date.now() + answerWait) };
}

function targetOf({ ip, port }: ControlAddress): string {
  return ip.includes(":") ? `[${ip}]:${port}` : `${ip}:${port}`;
}

function credentialsFor({ ip }: ControlAddress, { cert, key, ca }: TlsMaterial): ChannelCredentials {
  // As linkerd2-proxy: a control plane on a loopback address is spoken to in plaintext.
  if (ip.startsWith("127.") || ip === "::1") return channelCredentials.createInsecure();
  return channelCredentials.createSsl(Buffer.from(ca), Buffer.from(key), Buffer.from(cert));
}

function optionsFor({ name }: ControlAddress): Record<string, string | number> {
  // An address and not a name is dialled: what must answer there is said apart.
  return { "grpc.ssl_target_name_override": name, "grpc.default_authority": name, "grpc.enable_http_proxy": 0 };
}
