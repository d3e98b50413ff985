import { AsyncQueue } from "../../base/async-queue.ts";
import { parseObject } from "../../base/parse-json.ts";
import { MeshError } from "../../model/errors.ts";
import { logLevels, parseLogRecord } from "../../model/log-record.ts";
import { harnessServiceName } from "../../model/service.ts";
import type { Host } from "../../platform/host.ts";
import type { LogEntry } from "./schema.ts";

/** The command by which a person reads the same. */
export const journalCommand = `journalctl --unit ${harnessServiceName}`;

/** An entry of the journal. */
export interface JournalEntry {
  readonly entry: LogEntry;
  readonly cursor: string | undefined;
}

/** The journal's entries of the harness's unit: those after a cursor or all, and with `follow` those to come. */
export async function* readJournal(host: Pick<Host, "processes" | "environment" | "log">, asked: { readonly after?: string | undefined; readonly since?: number | undefined; readonly follow?: boolean }, signal: AbortSignal): AsyncGenerator<JournalEntry, void, void> {
  const lines = new AsyncQueue<string>();
  const words: string[] = [];
  const child = await host.processes.spawn({
    file: "journalctl", args: planJournalArguments(asked), environment: { PATH: host.environment["PATH"] ?? "", LC_ALL: "C" },
    onLine: (stream, line) => (stream === "stdout" ? lines.push(line) : void words.push(line)),
  });
  await using _child = child;
  const stop = (): void => child.signal("terminate");
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  void child.exited.then(() => lines.end());
  for await (const line of lines) {
    const entry = parseJournalEntry(line);
    if (entry !== undefined) yield entry;
  }
  signal.removeEventListener("abort", stop);
  const { code } = await child.exited;
  if (signal.aborted) return;
  const said = words.join(" ").replaceAll(/\s+/gu, " ").trim();
  if (code !== 0) throw new MeshError("LOG_ABSENT", { doing: "reading the journal", what: said === "" ? `journalctl ended with ${code ?? "a signal"}` : said, remedy: `Read it as root: sudo ${journalCommand}.` });
  if (said !== "") host.log.write("warn", said);
}

/** The words after `journalctl`. */
export function planJournalArguments({ after, since, follow = false }: { readonly after?: string | undefined; readonly since?: number | undefined; readonly follow?: boolean }): readonly string[] {
  return [
    "--unit", harnessServiceName, "--output", "json", "--all", "--no-pager", "--quiet", "--lines", "all",
    ...planBeginning({ after, since }),
    ...(follow ? ["--follow"] : []),
  ];
}

// It takes one of both. A time is cut to seconds: one second before, and ours selects again.
function planBeginning({ after, since }: { readonly after: string | undefined; readonly since: number | undefined }): readonly string[] {
  if (after !== undefined) return ["--after-cursor", after];
  return since === undefined ? [] : ["--since", `@${Math.max(0, Math.floor(since / 1000) - 1)}`];
}

/** An entry as `journalctl --output json` prints it, with the level that its text says, else its priority. */
export function parseJournalEntry(line: string): JournalEntry | undefined {
  const value = parseObject(line);
  const moment = Number(value?.["__REALTIME_TIMESTAMP"]) / 1000;
  if (value === undefined || !Number.isFinite(moment)) return undefined;
  const time = new Date(moment).toISOString();
  const cursor = value["__CURSOR"];
  return { entry: { time, ...explainMessage(textOf(value["MESSAGE"]), value["PRIORITY"]) }, cursor: typeof cursor === "string" ? cursor : undefined };
}

// Of stderr as the harness writes it: `info  message name=value`, or an object a line with --progress json.
function explainMessage(text: string, priority: unknown): Omit<LogEntry, "time"> {
  const object = text.startsWith("{") ? parseObject(text) : undefined;
  if (object !== undefined) {
    const record = parseLogRecord(JSON.stringify({ level: object["type"] === "error" ? "error" : "info", ...object, time: "1970-01-01T00:00Z" }));
    if (record !== undefined) return { level: record.level, message: record.message, ...(record.fields !== undefined && { fields: record.fields }) };
  }
  const [, long, short, rest] = /^(?:(trace|debug|error):? |(info|warn) {2})(.*)$/su.exec(text) ?? [];
  const level = logLevels.find((known) => known === long || known === short);
  return level === undefined ? { level: levelOf(Number(priority)), message: text } : { level, message: rest ?? "" };
}

function levelOf(priority: number): LogEntry["level"] {
  if (priority <= 3) return "error";
  if (priority === 4) return "warn";
  return priority === 7 ? "debug" : "info";
}

// Bytes where they are no text; nothing where they are too many.
function textOf(message: unknown): string {
  if (Array.isArray(message)) return new TextDecoder().decode(Uint8Array.from(message.map(Number)));
  return typeof message === "string" ? message : "";
}
