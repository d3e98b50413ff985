import { Metadata, Server, status, type ServerUnaryCall, type ServerWritableStream, type sendUnaryData } from "@grpc/grpc-js";
import type { Clock } from "../platform/host.ts";
import { decodeEndpoint, type Endpoint } from "../linkerd/addresses.ts";
import { DestinationService, type DestinationProfile, type GetDestination, type Update } from "../linkerd/generated/destination.ts";
import { InboundServerPoliciesService, type PortSpec, type Server as PortPolicy } from "../linkerd/generated/inbound.ts";
import { OutboundPoliciesService, type OutboundPolicy, type TrafficSpec } from "../linkerd/generated/outbound.ts";
import { encodeServer } from "../linkerd/inbound-policy.ts";
import { encodeOutboundPolicy, encodeWeightedAddr, type MeshedEndpoint } from "../linkerd/outbound-policy.ts";
import { findAccess, findService, findTarget, type Cluster } from "./cluster.ts";
import { openGrpcListener } from "./grpc-listener.ts";
import type { Credentials } from "./issuer/authority.ts";
import { planUpdates } from "./plan-updates.ts";

/** Names of the two services of the control plane. */
export type ControlService = "destination" | "policy";

/** What a service of the control plane needs. */
export interface ControlPlaneOptions {
  readonly service: ControlService;
  readonly listen: Endpoint;
  readonly clock: Clock;
  readonly rootPem: string;
  /** Its own certificate; plaintext without one, as proxies speak to a loopback address. */
  readonly credentials: Credentials | undefined;
  readonly cluster: () => Cluster;
}

/** A refusal of the control plane. */
interface Refusal {
  readonly code: status;
  readonly details: string;
}

type Answer<T> = T | Refusal;
type Stream<Q, A> = ServerWritableStream<Q, A>;

/** Linkerd's destination or policy service over the small cluster, complete enough for linkerd2-proxy. */
export class ControlPlane implements AsyncDisposable {
  readonly #options: ControlPlaneOptions;
  /** Every open stream with the messages that would tell it how things are now. */
  readonly #streams = new Map<Stream<unknown, unknown>, () => Answer<readonly unknown[]>>();
  #listener: AsyncDisposable | undefined;
  #delay = 0;

  constructor(options: ControlPlaneOptions) {
    this.#options = options;
  }

  /** Listens; does nothing when it does already. */
  async open(): Promise<void> {
    if (this.#listener !== undefined) return;
    const { listen, service, credentials, rootPem } = this.#options;
    const server = new Server();
    if (service === "destination") this.#addDestination(server);
    else this.#addPolicies(server);
    this.#listener = await openGrpcListener(server, { name: service, listen, credentials, rootPem });
  }

  /** Cuts everything and stops listening. */
  async close(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    this.#streams.clear();
    await listener?.[Symbol.asyncDispose]();
  }

  /** Answers come so many milliseconds late. */
  slow(milliseconds: number): void {
    this.#delay = milliseconds;
  }

  /** Ends every open stream; whoever asks again is served. */
  cut(): void {
    for (const stream of this.#streams.keys()) refuse(stream, { code: status.UNAVAILABLE, details: "the stream was cut" });
    this.#streams.clear();
  }

  /** Tells every open stream how the cluster is now. */
  refresh(): void {
    for (const [stream, answer] of this.#streams) void this.#give(stream, answer);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #addDestination(server: Server): void {
    server.addService(DestinationService, {
      get: (stream: Stream<GetDestination, Update>) => this.#watchEndpoints(stream),
      getProfile: (stream: Stream<GetDestination, DestinationProfile>) => this.#watch(stream, () => listOf(this.#profile(stream.request))),
    });
  }

  #addPolicies(server: Server): void {
    server.addService(InboundServerPoliciesService, {
      getPort: (call: ServerUnaryCall<PortSpec, PortPolicy>, done: sendUnaryData<PortPolicy>) => void this.#answerOnce(this.#port(call.request), done),
      watchPort: (stream: Stream<PortSpec, PortPolicy>) => this.#watch(stream, () => listOf(this.#port(stream.request))),
    });
    server.addService(OutboundPoliciesService, {
      get: (call: ServerUnaryCall<TrafficSpec, OutboundPolicy>, done: sendUnaryData<OutboundPolicy>) => void this.#answerOnce(this.#route(call.request), done),
      watch: (stream: Stream<TrafficSpec, OutboundPolicy>) => this.#watch(stream, () => listOf(this.#route(stream.request))),
    });
  }

  #watchEndpoints(stream: Stream<GetDestination, Update>): void {
    let told: readonly MeshedEndpoint[] | undefined;
    this.#watch(stream, () => {
      const endpoints = this.#endpoints(stream.request);
      if (isRefusal(endpoints)) return endpoints;
      const updates = planUpdates(told, endpoints);
      told = endpoints;
      return updates;
    });
  }

  #watch<Q, A>(stream: Stream<Q, A>, answer: () => Answer<readonly A[]>): void {
    this.#streams.set(stream, answer);
    stream.on("close", () => this.#streams.delete(stream));
    stream.on("cancelled", () => this.#streams.delete(stream));
    void this.#give(stream, answer);
  }

  /** The answer is made when it is given: a slow one must not bring yesterday's news. */
  async #give(stream: Stream<unknown, unknown>, answerNow: () => Answer<readonly unknown[]>): Promise<void> {
    await this.#wait();
    if (!this.#streams.has(stream)) return;
    const answer = answerNow();
    if (isRefusal(answer)) {
      this.#streams.delete(stream);
      return refuse(stream, answer);
    }
    for (const message of answer) stream.write(message);
  }

  async #answerOnce<A>(answer: Answer<A>, done: sendUnaryData<A>): Promise<void> {
    await this.#wait();
    if (isRefusal(answer)) done({ ...answer, metadata: new Metadata() });
    else done(null, answer);
  }

  async #wait(): Promise<void> {
    if (this.#delay > 0) await this.#options.clock.sleep(this.#delay, AbortSignal.timeout(this.#delay + 1000)).catch(() => undefined);
  }

  #endpoints({ path }: GetDestination): Answer<readonly MeshedEndpoint[]> {
    return findService(this.#options.cluster(), path)?.endpoints ?? { code: status.NOT_FOUND, details: `no service ${path}` };
  }

  #profile({ path }: GetDestination): Answer<DestinationProfile> {
    const match = /^\[?(?<ip>[0-9a-fA-F.:]+?)\]?:(?<port>\d+)$/.exec(path);
    const target = findTarget(this.#options.cluster(), { ip: match?.groups?.["ip"] ?? "", port: Number(match?.groups?.["port"]) });
    if (target === undefined) return { code: status.INVALID_ARGUMENT, details: `${path} is not of this cluster` };
    if (target.kind === "service") return { opaqueProtocol: false, fullyQualifiedName: target.authority.replace(/:\d+$/, ""), endpoint: undefined };
    return { opaqueProtocol: !target.endpoint.http2, fullyQualifiedName: "", endpoint: encodeWeightedAddr(target.endpoint) };
  }

  #port({ workload, port }: PortSpec): Answer<PortPolicy> {
    const access = findAccess(this.#options.cluster(), workload, port);
    return access === undefined ? { code: status.NOT_FOUND, details: "unknown server" } : encodeServer(access);
  }

  #route({ target }: TrafficSpec): Answer<OutboundPolicy> {
    const endpoint = target?.$case === "addr" ? decodeEndpoint(target.value) : undefined;
    const found = endpoint && findTarget(this.#options.cluster(), endpoint);
    return found === undefined ? { code: status.NOT_FOUND, details: "not of this cluster" } : encodeOutboundPolicy(found);
  }
}

function listOf<A extends object>(answer: Answer<A>): Answer<readonly A[]> {
  return isRefusal(answer) ? answer : [answer];
}

function isRefusal(answer: unknown): answer is Refusal {
  return typeof answer === "object" && answer !== null && "code" in answer && "details" in answer;
}

function refuse(stream: Stream<unknown, unknown>, { code, details }: Refusal): void {
  stream.emit("error", { code, details, metadata: new Metadata() });
}
