/** What the cluster knows this machine as; its proxy is configured with it. */
export interface Registered {
  readonly name: string;
  readonly namespace: string;
  /** SPIFFE id that peers expect of this machine. */
  readonly identity: string;
  /** TLS server name that the proxy terminates. */
  readonly serverName: string;
}

/** Entering the mesh and leaving it, by whatever means. */
export interface Registration {
  readonly kind: "static" | "dynamic";
  /** Makes this machine known under the identity that SPIRE gave it; may be called again at any time. */
  register(identity: string, signal: AbortSignal): Promise<Registered>;
  /** Says that no new traffic shall come; resolves to the milliseconds until peers have noticed. */
  drain(signal: AbortSignal): Promise<number>;
}
