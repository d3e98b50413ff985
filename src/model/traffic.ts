import type { Address, Network, PortRange } from "./settings/values.ts";

/** What is captured, what is exempt; (desired) input of every platform's redirect. */
export interface RedirectPlan {
  /** Ports on which the proxy accepts captured connections. */
  readonly outboundPort: number;
  readonly inboundPort: number;
  /** Inbound capture exists on Linux only; Windows peers dial the proxy's port. */
  readonly captureInbound: boolean;
  /** `off` captures nothing outbound: a machine that only receives. */
  readonly captureOutbound: boolean;
  readonly outboundPortsToIgnore: readonly PortRange[];
  readonly outboundNetworksToIgnore: readonly Network[];
  readonly inboundPortsToIgnore: readonly PortRange[];
  /** Ports of the proxy and the harness on this machine; never captured, whatever the lists say. */
  readonly ownPorts: readonly PortRange[];
  /** Address families whose outbound connections are captured: those on which the proxy listens. */
  readonly outboundFamilies: readonly (4 | 6)[];
  /** The proxy and the harness run as this uid; nothing of theirs is captured. */
  readonly exemptUser: number;
  /** The address peers reach this machine at, per family. */
  readonly addresses: Address;
  /** `refuse` answers captured connections with a reset instead of handing them to a proxy that is not there. */
  readonly mode: "redirect" | "refuse";
}

/** What is in force now, as the system tells it. */
export type RedirectState =
  | { readonly state: "absent" }
  | { readonly state: "present"; readonly mode: RedirectPlan["mode"]; readonly owner: number | undefined; readonly drift: readonly string[] }
  /** A table, driver or chain with our name that is not ours. */
  | { readonly state: "foreign"; readonly detail: string };

/** A redirect in force. Disposing it takes every rule away; so does the end of our process, however it ends. */
export interface ActiveRedirect extends AsyncDisposable {
  readonly plan: RedirectPlan;
  /** Replaces the rules atomically: no packet sees neither or both. */
  replace(plan: RedirectPlan, signal: AbortSignal): Promise<void>;
  /** Resolves when the redirect ended without us: the child that owns it died, the driver went away. */
  readonly lost: Promise<string>;
}

/** The platform's way of steering traffic through the proxy. */
export interface Redirector {
  readonly kind: "nftables" | "iptables" | "wfp" | "none";
  /** Why this machine cannot redirect (missing program, rights), or undefined when it can. */
  obstacle(): Promise<{ readonly what: string; readonly remedy: string } | undefined>;
  observe(expected: RedirectPlan | undefined, signal: AbortSignal): Promise<RedirectState>;
  /** Switches on; errors REDIRECT_FAILED, REDIRECT_FOREIGN, REDIRECT_ABSENT. */
  enable(plan: RedirectPlan, signal: AbortSignal): Promise<ActiveRedirect>;
}
