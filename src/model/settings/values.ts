/** IP addresses of this machine: at least one of both. */
export interface Address {
  readonly v4?: string;
  readonly v6?: string;
}

/** Ports `from`..`to`, both included, 1..65535. */
export interface PortRange {
  readonly from: number;
  readonly to: number;
}

/** A network in CIDR form: canonical address (host bits zero) and prefix length. */
export interface Network {
  readonly family: 4 | 6;
  readonly address: string;
  readonly prefix: number;
}

/** A host name or IP address and a port. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** An application probe that this machine answers for. */
export type Probe =
  | { readonly kind: "http"; readonly host: string; readonly port: number; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };
