import { MeshError } from "../../model/errors.ts";
import { logLevels, parseTime, renderLogRecord } from "../../model/log-record.ts";
import { duration } from "../../model/settings/kinds/duration.ts";
import type { Command, CommandContext } from "../command.ts";
import { readResolution } from "../config/resolve-settings.ts";
import { logEntrySchema, type LogEntry } from "../logs/schema.ts";
import { isSelected, Last, type Selection } from "../logs/select-entries.ts";
import { findLog, watchEntries, type Wanted } from "../logs/watch-entries.ts";
import { saidBy } from "../settings.ts";

// As tail and journalctl do.
const linesBeforeFollowing = 10;

/** Shows the harness's log. */
export const logs: Command = {
  name: ["logs"],
  describe: "Show the harness's log, from its files or the system's journal, and follow it",
  options: {
    follow: { type: "boolean", short: "f", describe: "Go on with what comes, until stopped; begins with the last 10 entries unless --since or --lines says more" },
    since: { type: "string", value: "time", describe: "Only entries from then on: 10m, 2h, or a time such as 2026-01-31T08:00Z; without a zone it is this machine's" },
    level: { type: "string", choices: logLevels, default: "trace", describe: "Only entries at least as severe; LOG_LEVEL decides what is written at all" },
    lines: { type: "number", value: "count", describe: "Only the last entries, so many" },
    "log-dir": { type: "string", value: "path", describe: "Read the files of this folder, for instance of another machine" },
  },
  examples: [
    { line: "linkerd-mesh logs --follow", does: "Shows the last entries and then every new one" },
    { line: "linkerd-mesh logs --since 1h --level warn --output json", does: "Prints what went wrong in the last hour, an object a line" },
  ],
  streams: true,
  output: logEntrySchema,
  render: renderEntry,
  async run(context) {
    const { host, signal, options } = context;
    const asked = readAsked(context);
    const source = await findLog(host, await readWanted(context));
    const last = new Last<LogEntry>(asked.lines);
    // Only the last ones have to wait for the end.
    let printing = asked.lines === undefined;
    for await (const seen of watchEntries(host, { source, since: asked.since, follow: options["follow"] === true }, signal)) {
      if (seen.kind === "end") {
        for (const entry of last.items()) context.result(entry);
        printing = true;
      } else if (isSelected(seen.entry, asked)) {
        if (printing) context.result(seen.entry);
        else last.add(seen.entry);
      }
    }
    return 0;
  },
};

async function readWanted({ host, options }: CommandContext): Promise<Wanted> {
  const named = options["log-dir"];
  if (typeof named === "string") return { folder: named, files: true };
  // Not context.settings(): a mistake in the settings is what one looks for in the log.
  const { resolved } = await readResolution(host, saidBy({}), "none");
  const folder = resolved.get("logDir")?.value;
  return { folder: typeof folder === "string" ? folder : ".", files: resolved.get("logFile")?.value !== "off" };
}

function readAsked({ host, options }: CommandContext): Selection & { readonly lines: number | undefined } {
  const { since, level, lines, follow } = options;
  if (typeof lines === "number" && (!Number.isSafeInteger(lines) || lines < 0)) throw usage(`--lines takes a whole number, not ${lines}`);
  const from = typeof since === "string" ? parseSince(since, host) : undefined;
  return {
    since: from,
    level: logLevels.find((known) => known === level) ?? "trace",
    lines: typeof lines === "number" ? lines : follow === true && from === undefined ? linesBeforeFollowing : undefined,
  };
}

function parseSince(text: string, { clock, os }: CommandContext["host"]): number {
  const length = duration.parse(text, os);
  if (length.ok) return clock.now().getTime() - length.value;
  const time = parseTime(text);
  if (time === undefined) throw usage(`--since takes a length such as 10m or a time such as 2026-01-31T08:00Z, not '${text}'`);
  return time;
}

function usage(what: string): MeshError {
  return new MeshError("USAGE", { doing: "reading the command line", what });
}

function renderEntry({ time, ...entry }: LogEntry): string {
  const line = renderLogRecord({ ...entry, time: time ?? "", fields: entry.fields ?? {} }, "text");
  return line.trimStart().replace("\t", "  ");
}
