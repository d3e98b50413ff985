import { MeshError } from "../../model/errors.ts";
import { logFileNames } from "../../model/log-files.ts";
import { harnessServiceName } from "../../model/service.ts";
import type { Host } from "../../platform/host.ts";
import { journalCommand, readJournal } from "./journal.ts";
import { LogReader } from "./read-files.ts";
import type { LogEntry } from "./schema.ts";
import { createEntryParser } from "./select-entries.ts";

/** Where the log is: files of a folder, or the journal. */
export type LogSource = { readonly kind: "files"; readonly folder: string } | { readonly kind: "journal" };

/** An entry, or that all was read that was there. */
export type Seen = { readonly kind: "entry"; readonly entry: LogEntry } | { readonly kind: "end" };

/** What the settings and the command line say of the log's place. */
export interface Wanted {
  readonly folder: string;
  /** Files are kept there, or were named: nothing else is looked at. */
  readonly files: boolean;
}

/** Finds the log. LOG_ABSENT says where it may be instead. */
export async function findLog(host: Host, { folder, files }: Wanted): Promise<LogSource> {
  if (!files && host.os === "linux" && (await hasUnit(host))) return { kind: "journal" };
  const pathOf = pathsIn(host, folder);
  const found = await Promise.all(logFileNames.map((name) => host.files.stat(pathOf(name))));
  if (found.some((info) => info !== undefined)) return { kind: "files", folder };
  const doing = "looking for the harness's log";
  if (files) throw new MeshError("LOG_ABSENT", { doing, what: `there is none in ${folder}`, target: folder });
  throw new MeshError("LOG_ABSENT", {
    doing, what: `no files are kept, for LOG_FILE is off, and this machine has no service ${harnessServiceName}`, target: folder,
    remedy: `A harness started by hand tells on its stderr; started by systemd, ${journalCommand} shows it. LOG_FILE=text keeps files in LOGDIR.`,
  });
}

async function hasUnit(host: Host): Promise<boolean> {
  // Without systemd there is no journal either.
  return (await host.services.read(harnessServiceName).catch(() => undefined)) !== undefined;
}

/** The entries of a log, once the end of what was there, and with `follow` what comes then. */
export function watchEntries(host: Host, { source, since, follow }: { readonly source: LogSource; readonly since?: number | undefined; readonly follow: boolean }, signal: AbortSignal): AsyncGenerator<Seen, void, void> {
  return source.kind === "journal" ? watchJournal(host, { since, follow }, signal) : watchFiles(host, { folder: source.folder, follow }, signal);
}

// Windows tells of a growing file only when it is closed, so that one has to look.
const lookEvery = 1000;

async function* watchFiles(host: Host, { folder, follow }: { readonly folder: string; readonly follow: boolean }, signal: AbortSignal): AsyncGenerator<Seen, void, void> {
  const reader = new LogReader(host.files, pathsIn(host, folder));
  const parse = createEntryParser();
  const readOn = async function* (): AsyncGenerator<Seen, void, void> {
    for await (const piece of reader.readOn()) {
      if (piece.kind === "line") yield { kind: "entry", entry: parse(piece.line) };
      else host.log.write("warn", "lines are missing here: the log was written over before it was read");
    }
  };
  yield* readOn();
  const tail = follow ? undefined : await reader.readTail();
  if (tail !== undefined) yield { kind: "entry", entry: parse(tail) };
  yield { kind: "end" };
  if (!follow) return;
  for await (const _ of host.files.watchFolder(folder, signal, lookEvery)) yield* readOn();
}

async function* watchJournal(host: Host, { since, follow }: { readonly since?: number | undefined; readonly follow: boolean }, signal: AbortSignal): AsyncGenerator<Seen, void, void> {
  let after: string | undefined;
  for await (const { entry, cursor } of readJournal(host, { since }, signal)) {
    after = cursor ?? after;
    yield { kind: "entry", entry };
  }
  yield { kind: "end" };
  if (!follow) return;
  for await (const { entry } of readJournal(host, { since, after, follow }, signal)) yield { kind: "entry", entry };
}

function pathsIn(host: Host, folder: string): (name: string) => string {
  return (name) => `${folder}${host.os === "win32" ? "\\" : "/"}${name}`;
}
