import { Gauge, Registry } from "prom-client";
import { readyParts, type Status } from "./status.ts";

/** The status as Prometheus text. */
export async function readMetricsText(status: Status): Promise<string> {
  const registers = [new Registry()];
  const gauge = (name: string, help: string, labelNames: readonly string[] = []): Gauge => new Gauge({ name: `linkerd_mesh_${name}`, help, labelNames: [...labelNames], registers });
  gauge("ready", "1 when this machine is part of the mesh").set(Number(status.ready));
  gauge("state", "1 for the state in which the harness is", ["state"]).set({ state: status.state }, 1);
  const parts = gauge("part_good", "1 for each part of readiness that is good", ["part"]);
  for (const part of [...readyParts, "controlPlane"] as const) parts.set({ part }, Number(status[part].good));
  if (status.identity.expires !== undefined) {
    gauge("identity_expiration_timestamp_seconds", "When the SVID of this machine ends").set(Date.parse(status.identity.expires) / 1000);
  }
  const { lease } = status.registration;
  if (lease !== undefined) gauge("lease_expiration_timestamp_seconds", "When the registration service takes this machine for gone unless it renews").set(Date.parse(lease.until) / 1000);
  gauge("info", "Version of this program and of its proxy", ["version", "proxy_version"]).set({ version: status.version, proxy_version: status.proxy.version ?? "" }, 1);
  return (await Promise.all(registers.map((registry) => registry.metrics()))).join("");
}
