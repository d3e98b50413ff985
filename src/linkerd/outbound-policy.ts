import { encodeEndpoint, type Endpoint } from "./addresses.ts";
import type { WeightedAddr } from "./generated/destination.ts";
import type { Metadata } from "./generated/meta.ts";
import type { Backend, Distribution, OutboundPolicy } from "./generated/outbound.ts";

/** An endpoint whose proxy speaks mTLS. */
export interface MeshedEndpoint extends Endpoint {
  /** SPIFFE id or DNS-like name that the endpoint's certificate must carry. */
  readonly identity: string;
  readonly serverName: string;
  /** Port of the endpoint's proxy: peers dial it and name the application's port in a transport header. */
  readonly inboundPort: number;
  /** HTTP travels as HTTP/2 between proxies; without it bytes are passed on as they are. */
  readonly http2: boolean;
}

/** Where connections to an address go: to a Service by its name, or to one endpoint. */
export type OutboundTarget = { readonly kind: "service"; readonly authority: string } | { readonly kind: "endpoint"; readonly endpoint: MeshedEndpoint };

/** The policy that sends everything of a connection to the target; all that linkerd2-proxy demands is in it. */
export function encodeOutboundPolicy(target: OutboundTarget): OutboundPolicy {
  const backends: Distribution = { kind: { $case: "firstAvailable", value: { backends: [{ backend: encodeBackend(target) }] } } };
  const http = [{ metadata: byDefault("http"), rules: [{ matches: [{ path: { kind: { $case: "prefix" as const, value: "/" } } }], backends }] }];
  return {
    metadata: byDefault(target.kind),
    protocol: {
      kind: {
        $case: "detect",
        value: {
          timeout: seconds(10),
          opaque: { routes: [{ metadata: byDefault("opaque"), rules: [{ backends }] }] },
          http1: { routes: http },
          http2: { routes: http },
        },
      },
    },
  };
}

/** An endpoint as discovery tells it. */
export function encodeWeightedAddr(endpoint: MeshedEndpoint): WeightedAddr {
  const { identity, serverName, inboundPort, http2 } = endpoint;
  const strategy = identity.startsWith("spiffe://")
    ? ({ $case: "uriLikeIdentity", value: { uri: identity } } as const)
    : ({ $case: "dnsLikeIdentity", value: { name: identity } } as const);
  return {
    addr: encodeEndpoint(endpoint),
    weight: 10_000,
    metricLabels: {},
    tlsIdentity: { strategy, serverName: { name: serverName } },
    protocolHint: { protocol: http2 ? { $case: "h2", value: {} } : { $case: "opaque", value: {} }, opaqueTransport: { inboundPort } },
  };
}

function encodeBackend(target: OutboundTarget): Backend {
  const queue = { capacity: 100, failfastTimeout: seconds(3) };
  if (target.kind === "endpoint") {
    return { metadata: byDefault("endpoint"), queue, kind: { $case: "forward", value: encodeWeightedAddr(target.endpoint) } };
  }
  const load = { $case: "peakEwma" as const, value: { defaultRtt: milliseconds(30), decay: seconds(10) } };
  const discovery = { kind: { $case: "dst" as const, value: { path: target.authority } } };
  return { metadata: byDefault("service"), queue, kind: { $case: "balancer", value: { discovery, load } } };
}

function byDefault(value: string): Metadata {
  return { kind: { $case: "default", value } };
}

function seconds(count: number): { seconds: bigint; nanos: number } {
  return { seconds: BigInt(count), nanos: 0 };
}

function milliseconds(count: number): { seconds: bigint; nanos: number } {
  return { seconds: 0n, nanos: count * 1_000_000 };
}
