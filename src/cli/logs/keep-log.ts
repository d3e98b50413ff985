import { currentLogFile, logLockFile } from "../../model/log-files.ts";
import { isMeshError, type MeshError } from "../../model/errors.ts";
import type { LogForm } from "../../model/log-record.ts";
import { serviceExitOf, serviceOption } from "../../model/service.ts";
import type { CommandContext } from "../command.ts";
import { readResolution } from "../config/resolve-settings.ts";
import { toErrors } from "../failure.ts";
import type { LogSink } from "../log.ts";
import { saidBy } from "../settings.ts";

/** Where the log is kept. */
interface Place {
  readonly folder: string;
  readonly form: LogForm;
}

/**
 * Does the work of the harness, whose log is meanwhile kept in LOGDIR too as LOG_FILE says; an error that ends the work is
 * its last line. The log is never a reason to end: what is wrong with it is told on stderr. A service has no stderr: both then
 * stand in the system's log of events as well.
 */
export async function keepLog(context: CommandContext, work: () => Promise<void>): Promise<void> {
  try {
    await keepFile(context, work);
  } catch (failure) {
    for (const error of toErrors(failure, "running the harness")) tellSystem(context, "error", error);
    throw failure;
  }
}

/** Tells wherever the log is kept of an error that ends this very process. */
export function tellCrash(context: CommandContext, crash: unknown): void {
  for (const error of toErrors(crash, "running the harness")) {
    context.host.log.write("error", error.message, fieldsOf(error));
    tellSystem(context, "error", error);
  }
}

async function keepFile(context: CommandContext, work: () => Promise<void>): Promise<void> {
  await using stack = new AsyncDisposableStack();
  const place = await readPlace(context);
  if (place === undefined || !(await takeLock(context, place, stack))) {
    await work();
    return;
  }
  const { host } = context;
  const onTrouble = (trouble: MeshError): void => {
    // Not into the file that is in trouble.
    context.logBesides(undefined);
    host.log.write("warn", `${currentLogFile}: ${trouble.message}`, { code: trouble.code, hint: trouble.remedy });
    tellSystem(context, "warn", trouble);
    context.logBesides(write);
  };
  const file = stack.use(host.files.openLogFile({ folder: place.folder, form: place.form, onTrouble }));
  const write: LogSink = (level, message, fields) => file.write({ time: host.clock.now().toISOString(), level, message, fields });
  context.logBesides(write);
  stack.defer(() => context.logBesides(undefined));
  try {
    // A crash is nothing that the work throws.
    await Promise.race([work(), context.crash]);
  } catch (failure) {
    for (const error of toErrors(failure, "running the harness")) write("error", error.message, fieldsOf(error));
    throw failure;
  }
}

function fieldsOf({ code, remedy, target, cause }: MeshError): Readonly<Record<string, unknown>> {
  const stack = code === "INTERNAL" && cause instanceof Error ? { stack: cause.stack } : {};
  return { code, hint: remedy, ...(target !== undefined && { target }), ...stack };
}

function tellSystem({ host, options }: CommandContext, level: "warn" | "error", { code, message, remedy }: MeshError): void {
  if (options[serviceOption] === true) host.tellSystem({ level, number: serviceExitOf(code), text: `${message}\n\n${remedy}\n\n${code}` });
}

// Also with settings that are wrong elsewhere: just then somebody reads the log.
async function readPlace({ host, options }: CommandContext): Promise<Place | undefined> {
  // As root this process becomes another account first, whose files they shall be; until then there is only stderr.
  if ((await host.account()).uid === 0) return undefined;
  const { resolved } = await readResolution(host, saidBy(options), "none");
  const [form, folder] = (["logFile", "logDir"] as const).map((key) => resolved.get(key)?.value);
  return (form === "text" || form === "json") && typeof folder === "string" ? { folder, form } : undefined;
}

/** False when another harness writes these files: two would put them away at once. */
async function takeLock({ host }: CommandContext, { folder }: Place, stack: AsyncDisposableStack): Promise<boolean> {
  try {
    const lock = await host.files.lock(`${folder}/${logLockFile}`);
    if (lock === undefined) host.log.write("warn", `another harness keeps the log in ${folder}: this one's is here alone`);
    else stack.use(lock);
    return lock !== undefined;
  } catch (error) {
    // What is wrong with the folder the log itself tells, and it goes on trying; nobody else can write there either.
    if (isMeshError(error)) return true;
    throw error;
  }
}
