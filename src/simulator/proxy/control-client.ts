import { credentials as channelCredentials, Metadata, status, type ChannelCredentials, type ClientReadableStream, type ServiceError } from "@grpc/grpc-js";
import { createSecureContext } from "node:tls";
import { hostPort } from "../../model/settings/kinds/host-port.ts";
import { decodeEndpoint, encodeEndpoint, encodeNetwork, isInNetwork, type Endpoint } from "../../linkerd/addresses.ts";
import { DestinationClient, type DestinationProfile, type GetDestination, type Update, type WeightedAddr } from "../../linkerd/generated/destination.ts";
import { InboundServerPoliciesClient, type Server } from "../../linkerd/generated/inbound.ts";
import { OutboundPoliciesClient, type Backend, type OutboundPolicy } from "../../linkerd/generated/outbound.ts";
import { isLoopback } from "../../model/settings/ip.ts";
import type { ControlAddress, ProxyConfiguration } from "./configuration.ts";
import type { TlsMaterial } from "./material.ts";

/** Where an outbound connection goes. */
export type Route = { readonly kind: "plain" } | { readonly kind: "endpoint"; readonly endpoint: WeightedAddr } | { readonly kind: "failed"; readonly why: string };

/** What the policy service says of a port: its policy, that it knows none, or nothing. */
export type PortAnswer = { readonly kind: "policy"; readonly policy: Server } | { readonly kind: "unknown" } | { readonly kind: "away" };

/** Of the configuration, what asking the control plane takes. */
export interface ControlOptions extends Pick<ProxyConfiguration, "destination" | "policy" | "workload" | "context" | "profileNetworks"> {
  /** Uniform in [0, 1): which of several endpoints a connection gets. */
  readonly random: () => number;
}

/** How long one question to the control plane may take, milliseconds. */
const answerWait = 3000;
/** As long as linkerd2-proxy waits for a profile before it does without. */
const profileWait = 500;

// These two say that the address is not the mesh's, or that the control plane is too old to know.
const unknownCodes: ReadonlySet<status> = new Set([status.NOT_FOUND, status.UNIMPLEMENTED]);
const finalCodes: ReadonlySet<status> = new Set([...unknownCodes, status.INVALID_ARGUMENT, status.FAILED_PRECONDITION]);

/** The proxy's questions to its control plane, under one certificate; a new certificate takes a new client. */
export class ControlClient implements Disposable {
  readonly #destination: DestinationClient;
  readonly #inbound: InboundServerPoliciesClient;
  readonly #outbound: OutboundPoliciesClient;
  readonly #options: ControlOptions;
  #underWay = 0;
  #disposed = false;

  constructor(options: ControlOptions, material: TlsMaterial) {
    const { destination, policy } = options;
    this.#options = options;
    this.#destination = new DestinationClient(hostPort.format({ host: destination.ip, port: destination.port }), credentialsFor(destination, material), channelOptions(destination));
    const [target, credentials] = [hostPort.format({ host: policy.ip, port: policy.port }), credentialsFor(policy, material)];
    this.#inbound = new InboundServerPoliciesClient(target, credentials, channelOptions(policy));
    this.#outbound = new OutboundPoliciesClient(target, credentials, channelOptions(policy));
  }

  /** The policy of a port of this workload. */
  async readPortPolicy(port: number): Promise<PortAnswer> {
    using _question = this.#begin();
    const { promise, resolve } = Promise.withResolvers<PortAnswer>();
    this.#inbound.getPort({ workload: this.#options.workload, port }, new Metadata(), within(answerWait), (error, policy) => {
      if (error === null) resolve({ kind: "policy", policy });
      else resolve({ kind: finalCodes.has(error.code) ? "unknown" : "away" });
    });
    return await promise;
  }

  /** Where a connection to that address goes; waits for a policy service that is away, but not for ever. */
  async readRoute(to: Endpoint): Promise<Route> {
    using _question = this.#begin();
    const [policy, profile] = await Promise.all([this.#readOutboundPolicy(to), this.#readProfile(to)]);
    if ("code" in policy) {
      if (!unknownCodes.has(policy.code)) return { kind: "failed", why: policy.details };
      // What the cluster does not know is not the mesh's: it goes where it was going.
      return profile?.endpoint === undefined ? { kind: "plain" } : { kind: "endpoint", endpoint: profile.endpoint };
    }
    const backend = firstBackend(policy);
    if (backend?.$case === "forward") return { kind: "endpoint", endpoint: backend.value };
    const path = backend?.value.discovery?.kind?.value.path;
    return path === undefined ? { kind: "failed", why: "the policy names no backend" } : await this.#readEndpoint(path);
  }

  /** Closes the channels once the questions under way are answered. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#closeWhenIdle();
  }

  #begin(): Disposable {
    this.#underWay += 1;
    return { [Symbol.dispose]: () => {
      this.#underWay -= 1;
      this.#closeWhenIdle();
    } };
  }

  #closeWhenIdle(): void {
    if (!this.#disposed || this.#underWay > 0) return;
    for (const client of [this.#destination, this.#inbound, this.#outbound]) client.close();
  }

  async #readOutboundPolicy(to: Endpoint): Promise<OutboundPolicy | ServiceError> {
    const { promise, resolve } = Promise.withResolvers<OutboundPolicy | ServiceError>();
    // Waiting until it can be asked is what an application's connection does in the meantime.
    const patient = new Metadata({ waitForReady: true });
    this.#outbound.get({ sourceWorkload: this.#options.workload, target: { $case: "addr", value: encodeEndpoint(to) } }, patient, within(answerWait), (error, policy) => resolve(error ?? policy));
    return promise;
  }

  /** What the destination service knows of an address, where it is to be asked at all; undefined in doubt, which is no failure. */
  async #readProfile({ ip, port }: Endpoint): Promise<DestinationProfile | undefined> {
    const { profileNetworks, context: contextToken } = this.#options;
    if (!profileNetworks.some((cidr) => isInNetwork(ip, encodeNetwork(cidr)))) return undefined;
    const asked: GetDestination = { scheme: "k8s", path: hostPort.format({ host: ip, port }), contextToken };
    return readFirst(this.#destination.getProfile(asked, within(profileWait))).catch(() => undefined);
  }

  async #readEndpoint(path: string): Promise<Route> {
    try {
      const { update } = await readFirst<Update>(this.#destination.get({ scheme: "k8s", path, contextToken: this.#options.context }, within(answerWait)));
      const endpoints = update?.$case === "add" ? update.value.addrs.filter(({ addr }) => decodeEndpoint(addr) !== undefined) : [];
      const endpoint = endpoints[Math.floor(this.#options.random() * endpoints.length)];
      return endpoint === undefined ? { kind: "failed", why: `${path} has no endpoint` } : { kind: "endpoint", endpoint };
    } catch (error) {
      return { kind: "failed", why: error instanceof Error ? error.message : String(error) };
    }
  }
}

/** The first message of a stream, which is given up then. */
async function readFirst<T>(stream: ClientReadableStream<T>): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  // The cancellation of our own comes as an error as well.
  stream.once("data", resolve).on("error", reject).once("end", () => reject(new Error("the stream ended without an answer")));
  try {
    return await promise;
  } finally {
    stream.cancel();
  }
}

function firstBackend({ protocol }: OutboundPolicy): Backend["kind"] {
  const opaque = protocol?.kind?.$case === "detect" ? protocol.kind.value.opaque : protocol?.kind?.value;
  return opaque?.routes[0]?.rules[0]?.backends?.kind?.value.backends[0]?.backend?.kind;
}

function within(milliseconds: number): { deadline: Date } {
  return { deadline: new Date(Date.now() + milliseconds) };
}

function credentialsFor({ ip }: ControlAddress, { cert, key, ca }: TlsMaterial): ChannelCredentials {
  // As linkerd2-proxy: a control plane on a loopback address is spoken to in plaintext.
  if (isLoopback(ip)) return channelCredentials.createInsecure();
  return channelCredentials.createFromSecureContext(createSecureContext({ ca, cert, key, minVersion: "TLSv1.3" }));
}

function channelOptions({ name }: ControlAddress): Record<string, string | number> {
  return {
    // An address and not a name is dialled: what must answer there is said apart.
    "grpc.ssl_target_name_override": name, "grpc.default_authority": name, "grpc.enable_http_proxy": 0,
    // linkerd2-proxy's pauses between attempts; a channel of one client's own is closed with it.
    "grpc.initial_reconnect_backoff_ms": 100, "grpc.min_reconnect_backoff_ms": 100, "grpc.max_reconnect_backoff_ms": 1000, "grpc.use_local_subchannel_pool": 1,
  };
}
