import { z } from "zod";
import { errorCatalogue } from "../../model/error-catalogue.ts";
import { parseServiceExit } from "../../model/service.ts";
import type { ServiceFacts } from "../../platform/host.ts";

/** What the service commands print: how the service stands now. */
export const serviceReportSchema = z.object({
  name: z.string(),
  installed: z.boolean(),
  /** What the command did, when it did anything. */
  done: z.enum(["made", "corrected", "started", "stopped", "removed", "nothing"]).optional(),
  state: z.enum(["stopped", "starting", "running", "stopping", "paused"]).optional(),
  pid: z.number().optional(),
  start: z.enum(["automatic", "manual", "disabled"]).optional(),
  account: z.string().optional(),
  command: z.string().optional(),
  /** How it ended last; absent while it runs. */
  exit: z.object({ system: z.number(), own: z.number(), error: z.string().optional() }).optional(),
});

/** How the service stands. */
export type ServiceReport = z.infer<typeof serviceReportSchema>;

/** The report about a service, or about one that is not there. */
export function reportOf(name: string, facts: ServiceFacts | undefined, done?: ServiceReport["done"]): ServiceReport {
  const head = { name, installed: facts !== undefined, ...(done !== undefined && { done }) };
  if (facts === undefined) return head;
  const { state, pid, start, account, command, exit } = facts;
  const error = exit.own === 0 ? undefined : parseServiceExit(exit.own);
  return {
    ...head, state, ...(pid !== undefined && { pid }), start, account, command,
    ...(state === "stopped" && { exit: { ...exit, ...(error !== undefined && { error }) } }),
  };
}

/** The report for people. */
export function renderServiceReport({ name, installed, done, state, pid, start, account, command, exit }: ServiceReport): string {
  const did = done === undefined ? "" : `${sentences[done]}\n`;
  if (!installed) return `${did}The service ${name} is not installed.`;
  const rows = [
    ["start", start], ["account", account], ["command", command], ["last end", exit && renderEnd(exit)],
  ].filter((row): row is [string, string] => row[1] !== undefined && row[1] !== "");
  const head = `The service ${name} is ${state ?? "unknown"}${pid === undefined ? "" : ` as process ${pid}`}.`;
  return [`${did}${head}`, ...rows.map(([label, text]) => `  ${label.padEnd(9)} ${text}`)].join("\n");
}

const sentences: Readonly<Record<NonNullable<ServiceReport["done"]>, string>> = {
  made: "Installed the service.",
  corrected: "The service was there; everything about it is now as it shall be.",
  started: "Started the service.",
  stopped: "Stopped the service.",
  removed: "Removed the service.",
  nothing: "Nothing had to be done.",
};

const neverStarted = 1077;

/** How a service ended, as the end of a sentence. */
export function renderEnd({ system, own }: ServiceFacts["exit"]): string {
  const code = own === 0 ? undefined : parseServiceExit(own);
  if (code !== undefined) return `${code}: ${errorCatalogue[code].title}`;
  if (own !== 0) return `the service's own code ${own}`;
  if (system === neverStarted) return "it has not been started since the machine was";
  return system === 0 ? "as it was asked to" : `error ${system} of the system`;
}
