import type { LogLevel } from "../../platform/host.ts";

/** Prints a line of the proxy's log. */
export type Say = (level: LogLevel, message: string, fields?: Readonly<Record<string, string | number>>) => void;

/** A line as linkerd2-proxy prints it with LOG_FORMAT=json. */
export interface LogLine {
  readonly timestamp: string;
  readonly level: string;
  readonly fields: Readonly<Record<string, string | number>>;
  readonly target: string;
}

/** The line for a message. */
export function describeLine(at: Date, level: LogLevel, content: { readonly message: string; readonly fields: Readonly<Record<string, string | number>> }): LogLine {
  return { timestamp: at.toISOString(), level: level.toUpperCase(), fields: { message: content.message, ...content.fields }, target: "linkerd_mesh_simulate" };
}
