import type { Settings } from "../model/settings/settings.ts";
import type { Host } from "../platform/host.ts";
import { MeshError, MeshErrors } from "../model/errors.ts";
import type { Command, CommandContext, CommandTable } from "./command.ts";
import { exitCodeOf, toErrors, type ExitCode } from "./failure.ts";
import { createLog, isLogged, parseLogLevel, type Threshold } from "./log.ts";
import { parseGlobals, type Globals } from "./parse-globals.ts";
import { parseWords } from "./parse-words.ts";
import { createReporter, type Reporter } from "./reporter.ts";
import { isColoured } from "./style.ts";
import type { Terminal } from "./terminal.ts";
import { versionLine } from "./version.ts";

interface Session {
  readonly terminal: Terminal;
  readonly table: CommandTable;
  readonly globals: Globals;
  readonly reporter: Reporter;
  readonly threshold: Threshold;
}

/** Runs one command line to its end and returns the exit code; whatever goes wrong is told on stderr. */
export async function runCli(terminal: Terminal, table: CommandTable): Promise<ExitCode> {
  const globals = parseGlobals(terminal.words);
  const reporter = createReporter(terminal.stderr, globals.progress, isColoured(terminal.environment, terminal.stderr.isTerminal));
  const threshold: Threshold = { level: parseLogLevel(terminal.environment["LINKERD_MESH_LOG_LEVEL"]) ?? "info" };
  const session = { terminal, table, globals, reporter, threshold };
  try {
    return await Promise.race([obey(session), terminal.crash]);
  } catch (failure) {
    return tell(failure, session);
  }
}

async function obey(session: Session): Promise<ExitCode> {
  const { globals, terminal, table } = session;
  if (globals.problems.length > 0) throw new MeshErrors(globals.problems);
  if (globals.version) return print(`${versionLine}\n`, terminal);
  if (globals.help || globals.rest[0] === "help") {
    const { helpFor } = await import("./help.ts");
    return print(await helpFor(globals.rest, table), terminal);
  }
  const { entry, args } = parseWords(globals.rest, table);
  if (globals.progress === "json") terminal.stopAtInputEnd();
  return runCommand(await entry.load(), args, session);
}

async function runCommand(command: Command, args: readonly string[], session: Session): Promise<ExitCode> {
  const { terminal, reporter, threshold, globals } = session;
  const [{ acceptedBy, parseOptions }, { createResultWriter }] = await Promise.all([import("./parse-options.ts"), import("./result.ts")]);
  const flags = command.takesSettings === undefined ? {} : (await import("./setting-flags.ts")).settingFlags[command.takesSettings];
  const options = parseOptions(args, acceptedBy(command, flags));
  const host = command.needsHost === false ? undefined : await terminal.loadHost(createLog(reporter, threshold));
  const context: CommandContext = {
    get host(): Host {
      return host ?? missing("the machine");
    },
    signal: terminal.signal,
    crash: terminal.crash,
    options,
    settings: async (role = "none"): Promise<Settings> => {
      const { loadSettings } = await import("./settings.ts");
      const settings = await loadSettings(host ?? missing("the settings"), { options, role });
      threshold.level = settings.logLevel;
      return settings;
    },
    logBesides: (sink) => {
      threshold.besides = sink;
    },
    progress: (activity, status, percent) => reporter.progress(activity, status, percent),
    result: createResultWriter(command, globals.output, terminal.stdout),
  };
  return command.run(context);
}

function tell(failure: unknown, { reporter, threshold, globals }: Session): ExitCode {
  const errors = toErrors(failure, `running linkerd-mesh ${globals.rest.join(" ")}`.trim());
  for (const error of errors) {
    reporter.error(error);
    if (isLogged("debug", threshold) && error.cause instanceof Error) reporter.trace(error.cause.stack ?? error.cause.message);
  }
  return exitCodeOf(errors);
}

function print(text: string, { stdout }: Terminal): ExitCode {
  stdout.write(text);
  return 0;
}

function missing(what: string): never {
  throw new MeshError("INTERNAL", { doing: "running a command", what: `it asks for ${what} without declaring that it does` });
}
