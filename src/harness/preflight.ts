import { MeshError } from "../model/errors.ts";
import type { Settings } from "../model/settings/settings.ts";
import { loopbackFamilies } from "../model/traffic-plan.ts";
import type { Host } from "../platform/host.ts";

/** Looks at what must be right before anything is started; returns every problem that no waiting will cure. */
export async function listObstacles(host: Host, settings: Settings, signal: AbortSignal): Promise<readonly MeshError[]> {
  const found = await Promise.all([
    lookAtProxy(host, settings.proxyPath),
    lookAtRights(host),
    lookAtRules(host, signal),
    ...listPorts(host, settings).map((port) => lookAtPort(host, port)),
  ]);
  return found.filter((error) => error !== undefined);
}

const doing = "looking whether this machine can be joined";

async function lookAtProxy(host: Host, path: string): Promise<MeshError | undefined> {
  const info = await host.files.stat(path);
  if (info?.kind === "file" && info.executable) return undefined;
  const what = info === undefined ? `there is no file ${path}` : `${path} is not an executable file`;
  return new MeshError("PROXY_MISSING", { doing, what, target: path });
}

async function lookAtRights(host: Host): Promise<MeshError | undefined> {
  const account = await host.account();
  if (account.mayRedirect || host.redirector.kind === "none") return undefined;
  return new MeshError("RIGHTS_MISSING", { doing, what: `${account.name} may not change this machine's network rules` });
}

async function lookAtRules(host: Host, signal: AbortSignal): Promise<MeshError | undefined> {
  if ((await host.redirector.obstacle()) !== undefined) return undefined;
  const seen = await host.redirector.observe(undefined, signal);
  if (seen.state === "absent") return undefined;
  const what = seen.state === "foreign" ? seen.detail : `a redirect of our name is in force already, held by process ${seen.owner ?? "unknown"}`;
  return new MeshError("REDIRECT_FOREIGN", { doing, what });
}

interface NeededPort {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly port: number;
}

function listPorts(host: Host, settings: Settings): readonly NeededPort[] {
  const loopback = loopbackFamilies(host.sockets.addresses()).map((family) => (family === 4 ? "127.0.0.1" : "::1"));
  return [
    { name: "PROXY_INBOUND_PORT", addresses: [settings.inboundNetworkAddress?.v6 === undefined ? "0.0.0.0" : "::"], port: settings.proxyInboundPort },
    { name: "PROXY_OUTBOUND_PORT", addresses: loopback, port: settings.proxyOutboundPort },
    { name: "PROXY_ADMIN_PORT", addresses: [settings.proxyAdminAddress], port: settings.proxyAdminPort },
    { name: "HARNESS_ADMIN_PORT", addresses: [settings.harnessAdminAddress], port: settings.harnessAdminPort },
  ];
}

async function lookAtPort(host: Host, { name, addresses, port }: NeededPort): Promise<MeshError | undefined> {
  const free = await Promise.all(addresses.map((address) => host.sockets.portFree(address, port)));
  if (!free.includes(false)) return undefined;
  const owner = await host.sockets.listener(port);
  const what = `${name} ${port} is in use${owner === undefined ? "" : ` by process ${owner.pid}`}`;
  return new MeshError("PORT_TAKEN", { doing, what, target: name });
}
