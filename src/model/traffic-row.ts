import type { Network, PortRange } from "./settings/values.ts";

/** How a new TCP connection is recognised. */
export type TrafficMatch =
  /** Opened by a process of this user. */
  | { readonly kind: "user"; readonly uid: number }
  /** Opened by any process; the kernel's own connections have none. */
  | { readonly kind: "process" }
  /** Of this address family. */
  | { readonly kind: "family"; readonly family: 4 | 6 }
  /** Never leaves this machine. */
  | { readonly kind: "local" }
  /** Taken out of connection tracking, without which no translation is possible. */
  | { readonly kind: "untracked" }
  /** Goes to one of these networks. */
  | { readonly kind: "networks"; readonly networks: readonly Network[] }
  /** Goes to one of these ports. */
  | { readonly kind: "ports"; readonly ports: readonly PortRange[] };

/** One line of what happens to traffic, with its reason; the first row that matches decides. */
export interface TrafficRow {
  /** Words joined by `-`; unique in its direction. */
  readonly name: string;
  readonly direction: "outbound" | "inbound";
  readonly verdict: "exempt" | "capture";
  readonly match: TrafficMatch;
  /** Why it is so, in at most 90 characters, without quotation marks. */
  readonly why: string;
}
