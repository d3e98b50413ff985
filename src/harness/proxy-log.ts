import type { LogLevel } from "../platform/host.ts";

/** A line of the proxy, as far as it could be understood. */
export interface ProxyLine {
  readonly level: LogLevel;
  readonly message: string;
}

/** Reads a line that linkerd2-proxy printed: JSON from its log, or plain text from before the log began. */
export function parseProxyLine(line: string): ProxyLine {
  const fromJson = parseJsonLine(line);
  if (fromJson !== undefined) return fromJson;
  const level = /\b(ERROR|WARN|INFO|DEBUG|TRACE)\b/.exec(line)?.[1];
  return { level: levelOf(level) ?? "warn", message: line.trim() };
}

function parseJsonLine(line: string): ProxyLine | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const { level, fields, message } = JSON.parse(line) as { level?: string; message?: string; fields?: Readonly<Record<string, unknown>> };
    const { message: text = message, ...others } = fields ?? {};
    const details = Object.entries(others).map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`);
    return { level: levelOf(level) ?? "info", message: [typeof text === "string" ? text : "", ...details].join(" ").trim() };
  } catch {
    return undefined;
  }
}

function levelOf(name: string | undefined): LogLevel | undefined {
  return (["error", "warn", "info", "debug", "trace"] as const).find((level) => level === name?.toLowerCase());
}
