import type { GroupProbe } from "../model/external-group.ts";
import { isLoopback } from "../model/settings/ip.ts";
import type { Probe } from "../model/settings/values.ts";

/** The machine's own setting as a probe of a group: every 5 s, for at most 1 s, ready after one success, unready after three failures. */
export function groupProbeOf(setting: Probe): GroupProbe {
  const { host, port } = setting;
  return {
    action: setting.kind === "tcp" ? { kind: "tcpSocket", host, port } : { kind: "httpGet", host, port, path: setting.path, scheme: "HTTP", headers: {} },
    initialDelaySeconds: 0, periodSeconds: 5, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 3,
  };
}

/** True for a probe at the harness's own admin port: that one means the other parts, and is never sent. */
export function isOwnAdmin({ action }: GroupProbe, harnessAdminPort: number): boolean {
  return (action.kind === "httpGet" || action.kind === "tcpSocket") && action.port === harnessAdminPort && (action.host === "localhost" || isLoopback(action.host));
}
