import type { Settings } from "./settings/settings.ts";
import type { PortRange } from "./settings/values.ts";
import type { RedirectPlan } from "./traffic.ts";

/** The settings that decide what is redirected. */
export type TrafficSettings = Pick<Settings,
  | "inboundNetworkAddress" | "proxyInboundPort" | "proxyOutboundPort" | "proxyAdminPort" | "harnessAdminPort"
  | "outboundRedirect" | "outboundPortsToIgnore" | "outboundNetworksToIgnore" | "inboundPortsToIgnore">;

/** What this machine's traffic shall do once the proxy, which runs as `uid`, is ready. */
export function planTraffic(settings: TrafficSettings, uid: number): RedirectPlan {
  const own = [settings.proxyOutboundPort, settings.proxyInboundPort, settings.proxyAdminPort, settings.harnessAdminPort];
  return {
    outboundPort: settings.proxyOutboundPort,
    inboundPort: settings.proxyInboundPort,
    captureInbound: true,
    captureOutbound: settings.outboundRedirect === "on",
    outboundPortsToIgnore: settings.outboundPortsToIgnore,
    outboundNetworksToIgnore: settings.outboundNetworksToIgnore,
    inboundPortsToIgnore: settings.inboundPortsToIgnore,
    ownPorts: own.map((port): PortRange => ({ from: port, to: port })),
    outboundFamilies: [4, 6],
    exemptUser: uid,
    addresses: settings.inboundNetworkAddress ?? {},
    mode: "redirect",
  };
}
