import type { LogLevel } from "../../platform/host.ts";

/** A line of the log, as linkerd2-proxy prints it with LOG_FORMAT=json. */
export interface ProxyLogLine {
  readonly timestamp: string;
  readonly level: string;
  readonly fields: Readonly<Record<string, unknown>> & { readonly message: string };
  readonly target: string;
}

/** Tells something to whoever reads the proxy's log. */
export type Say = (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>) => void;

/** Makes a line of the log. */
export function makeLine(now: Date, level: LogLevel, fields: ProxyLogLine["fields"]): ProxyLogLine {
  return { timestamp: now.toISOString(), level: level.toUpperCase(), fields, target: "linkerd_mesh_proxy" };
}
