import type { Network } from "./settings/values.ts";

/** Domain of our API group, and of the labels and annotations that we write. */
export const ownDomain = "registration.linkerd-mesh.io";

/** Names an object of a namespace. */
export interface ObjectKey {
  readonly namespace: string;
  readonly name: string;
}

/** How a machine's application is asked whether it is ready; times in seconds, as Kubernetes probes. */
export interface GroupProbe {
  readonly action: ProbeAction;
  readonly initialDelaySeconds: number;
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  readonly successThreshold: number;
  readonly failureThreshold: number;
}

/** What a probe does. A host that is left out is the machine itself, on loopback. */
export type ProbeAction =
  | { readonly kind: "httpGet"; readonly host: string; readonly port: number; readonly path: string; readonly scheme: "HTTP" | "HTTPS"; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: "tcpSocket"; readonly host: string; readonly port: number }
  | { readonly kind: "grpc"; readonly port: number; readonly service: string }
  | { readonly kind: "exec"; readonly command: readonly string[] };

/** A port that every machine of a group serves. */
export interface GroupPort {
  readonly name: string;
  readonly port: number;
  readonly protocol: "TCP" | "UDP";
}

/** Who may join a group. An empty list of identities lets nobody in. */
export interface GroupAdmission {
  /** SPIFFE ids, exact or ending in a segment `*`; undefined when the group says nothing and the server's default holds. */
  readonly identities: readonly string[] | undefined;
  /** Networks in which a machine's addresses must lie; empty allows all. */
  readonly allowedCidrs: readonly Network[];
  /** Label keys that a machine may set by itself. */
  readonly allowedLabels: readonly string[];
  readonly maxWorkloads: number | undefined;
}

/** How often machines call and when a silent one is taken for dead; milliseconds. */
export interface LeaseTimes {
  readonly renewInterval: number;
  readonly duration: number;
  /** A dead machine's workload is deleted after this; 0 never. */
  readonly deregisterAfter: number;
  /** How long a leaving machine stays, not ready, before it is deleted. */
  readonly drain: number;
}

/** What the cluster tells a machine's proxy; every value ranks below the machine's own settings. */
export interface GroupProxyConfig {
  readonly clusterDomain?: string;
  readonly destinationAddr?: string;
  readonly destinationName?: string;
  readonly policyAddr?: string;
  readonly policyName?: string;
  readonly clusterNetworks?: string;
  readonly defaultInboundPolicy?: string;
}

/** An ExternalGroup: what its machines have in common, and who they may be. */
export interface ExternalGroup {
  readonly key: ObjectKey;
  readonly admission: GroupAdmission;
  readonly lease: LeaseTimes;
  readonly onDeregister: "Delete" | "KeepNotReady";
  readonly probe: GroupProbe | undefined;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly ports: readonly GroupPort[];
  readonly proxy: GroupProxyConfig;
}

/** Times that hold where a group says nothing, and the bounds within which it may speak (registration design §10.3). */
export const leaseDefaults: LeaseTimes = { renewInterval: 10_000, duration: 40_000, deregisterAfter: 600_000, drain: 10_000 };

/** `namespace/name`, the key as text. */
export function renderKey(key: ObjectKey): string {
  return `${key.namespace}/${key.name}`;
}
