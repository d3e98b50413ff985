import { hostPort } from "../model/settings/kinds/host-port.ts";
import { renderProxyEnvironment } from "../model/proxy-environment.ts";
import type { Settings } from "../model/settings/settings.ts";
import { loopbackFamilies, planTraffic } from "../model/traffic-plan.ts";
import type { RedirectPlan } from "../model/traffic.ts";
import type { Host } from "../platform/host.ts";
import type { Registered } from "../registration/registration.ts";
import { parseWorkloadApiAddress, renderWorkloadApiAddress } from "../spiffe/address.ts";
import type { TrustBundle } from "../spiffe/trust-bundle.ts";
import type { ControlPlaneService } from "./control-plane.ts";
import type { TlsIdentity } from "./dial.ts";
import type { Identity } from "../spiffe/identity-watch.ts";
import type { ProxyAdmin } from "./proxy-admin.ts";
import type { Timings } from "./timings.ts";

/** How this machine reaches the proxy's admin port, which may listen on all addresses. */
export function proxyAdminOf({ proxyAdminAddress, proxyAdminPort }: Settings, { proxyAnswer }: Timings): ProxyAdmin {
  const host = ({ "0.0.0.0": "127.0.0.1", "::": "::1" } as Readonly<Record<string, string>>)[proxyAdminAddress] ?? proxyAdminAddress;
  return { address: hostPort.format({ host, port: proxyAdminPort }), answer: proxyAnswer };
}

/** The environment in which the proxy starts. */
export function proxyEnvironmentOf(facts: { readonly host: Host; readonly settings: Settings; readonly registered: Registered; readonly anchors: TrustBundle }): Readonly<Record<string, string>> {
  const { host, settings, registered, anchors } = facts;
  return renderProxyEnvironment({
    settings, os: host.os, hostname: host.hostname, workload: registered, trustAnchors: anchors.pem(),
    workloadApi: renderWorkloadApiAddress(parseWorkloadApiAddress(settings.spireSocketAddr)), inherited: host.environment,
    families: loopbackFamilies(host.sockets.addresses()),
  });
}

/** What this machine's traffic shall do. Inbound capture exists on Linux only: elsewhere peers dial the proxy's own port. */
export function trafficPlanOf(host: Host, settings: Settings, uid: number): RedirectPlan {
  return { ...planTraffic(settings, uid, loopbackFamilies(host.sockets.addresses())), captureInbound: host.os === "linux" };
}

/** The services without which a proxy cannot answer captured connections. */
export function controlPlaneOf(settings: Settings): readonly ControlPlaneService[] {
  return [
    { name: "destination", address: settings.destinationSvcAddr, serverName: settings.destinationSvcName },
    { name: "policy", address: settings.policySvcAddr, serverName: settings.policySvcName },
  ];
}

/** The identity in the form that a TLS connection takes. */
export function tlsIdentityOf(identity: Identity | undefined): TlsIdentity | undefined {
  return identity && { ...identity.svid.tlsCredentials(), ca: identity.anchors.pem() };
}
