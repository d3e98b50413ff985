import { currentLogFile } from "../../model/log-files.ts";
import { isMeshError, type MeshError } from "../../model/errors.ts";
import type { LogForm } from "../../model/log-record.ts";
import type { CommandContext } from "../command.ts";
import { readResolution } from "../config/resolve-settings.ts";
import { toErrors } from "../failure.ts";
import type { LogSink } from "../log.ts";
import { saidBy } from "../settings.ts";

/** Where the log is kept. */
interface Place {
  readonly folder: string;
  readonly form: LogForm;
  /** Held while we write: of two harnesses only one may. */
  readonly lock: string;
  readonly stateDir: string;
}

/**
 * Does the work of the harness, whose log is meanwhile kept in LOGDIR too as LOG_FILE says; an error that ends the work is
 * its last line, for a service has no terminal. The log is never a reason to end: what is wrong with it is told on stderr.
 */
export async function keepLog(context: CommandContext, work: () => Promise<void>): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const place = await readPlace(context);
  if (place === undefined || !(await takeLock(context, place, stack))) {
    await work();
    return;
  }
  const { host } = context;
  const onTrouble = ({ code, message, remedy }: MeshError): void => {
    // Not into the file that is in trouble.
    context.logBesides(undefined);
    host.log.write("warn", `${currentLogFile}: ${message}`, { code, hint: remedy });
    context.logBesides(write);
  };
  const file = stack.use(host.files.openLogFile({ folder: place.folder, form: place.form, onTrouble }));
  const write: LogSink = (level, message, fields) => file.write({ time: host.clock.now().toISOString(), level, message, fields });
  context.logBesides(write);
  stack.defer(() => context.logBesides(undefined));
  try {
    await work();
  } catch (failure) {
    for (const { code, message, remedy, target } of toErrors(failure, "running the harness")) write("error", message, { code, hint: remedy, ...(target !== undefined && { target }) });
    throw failure;
  }
}

// Also with settings that are wrong elsewhere: just then somebody reads the log.
async function readPlace({ host, options }: CommandContext): Promise<Place | undefined> {
  // As root this process becomes another account first, whose files they shall be; until then there is only stderr.
  if ((await host.account()).uid === 0) return undefined;
  const { resolved } = await readResolution(host, saidBy(options), "none");
  const [form, folder, stateDir] = (["logFile", "logDir", "stateDir"] as const).map((key) => resolved.get(key)?.value);
  if ((form !== "text" && form !== "json") || typeof folder !== "string" || typeof stateDir !== "string") return undefined;
  return { folder, form, stateDir, lock: `${stateDir}/log.lock` };
}

async function takeLock({ host }: CommandContext, place: Place, stack: AsyncDisposableStack): Promise<boolean> {
  try {
    await host.files.makeFolder(place.stateDir, 0o700);
    const lock = await host.files.lock(place.lock);
    if (lock === undefined) host.log.write("warn", `another harness keeps the log in ${place.folder}: this one's is here alone`);
    else stack.use(lock);
    return lock !== undefined;
  } catch (error) {
    if (!isMeshError(error)) throw error;
    host.log.write("warn", `the log is not kept in ${place.folder}: ${error.message}`, { code: error.code, hint: error.remedy });
    return false;
  }
}
