import { defaultTimings } from "../../harness/timings.ts";
import { MeshError, MeshErrors } from "../../model/errors.ts";
import { harnessServiceName, serviceExitOf, serviceOption } from "../../model/service.ts";
import { stopMargin } from "../../setup/plan-harness-service.ts";
import type { Command, CommandContext } from "../command.ts";
import { readSettle } from "../config/resolve-settings.ts";
import { keepLog, tellCrash } from "../logs/keep-log.ts";
import { saidBy } from "../settings.ts";
import { version } from "../version.ts";

/** The harness: everything between an identity and a machine that is part of the mesh. */
export const run: Command = {
  name: ["run"],
  describe: "Join the mesh and stay in it until stopped: the harness",
  takesSettings: "machine",
  options: {
    [serviceOption]: { type: "boolean", describe: "Be the Windows service: only its service manager starts the program so" },
  },
  examples: [
    { line: "linkerd-mesh run", does: "Joins with the settings of this machine; as root it continues as PROXY_USER" },
    { line: "linkerd-mesh run --outbound-redirect off", does: "Joins as a machine that only receives" },
  ],
  async run(context) {
    if (context.options[serviceOption] === true) await serve(context);
    else await join(context, { signal: context.signal });
    return 0;
  },
};

/** What running differs by when somebody waits for it to have started. */
interface Joining {
  readonly signal: AbortSignal;
  readonly onStarted?: () => void;
  readonly onGrace?: (milliseconds: number) => void;
}

async function join(context: CommandContext, joining: Joining): Promise<void> {
  await keepLog(context, () => enter(context, joining));
}

async function enter(context: CommandContext, { signal, onStarted, onGrace }: Joining): Promise<void> {
  const { host, options, progress } = context;
  const settings = await context.settings("run");
  onGrace?.(settings.shutdownGrace);
  await host.becomeAccount(settings.proxyUser, settings.logFile === "off" ? [settings.stateDir] : [settings.stateDir, settings.logDir]);
  // Only now: as root this process has just become another one, which would load everything twice.
  const { runHarness } = await import("../../harness/run-harness.ts");
  const settle = await readSettle(host, saidBy(options), "run");
  await runHarness({
    host, settings, settle, timings: defaultTimings, version, onState: ({ phase }) => progress("run", phase), ...(onStarted !== undefined && { onStarted }),
  }, signal);
}

async function serve(context: CommandContext): Promise<void> {
  let grace = 0;
  // Timers that came due during the sleep run by themselves at once, so that a lease is renewed and a look taken.
  const onResume = (): void => context.host.log.write("info", "the machine is awake again");
  const onCrash = (error: unknown): void => tellCrash(context, error);
  const options = { name: harnessServiceName, exitOf, stopPatience: () => grace + stopMargin, onResume, onCrash };
  await context.host.services.serve(options, (life) => join(context, {
    signal: AbortSignal.any([context.signal, life.signal]),
    onStarted: () => life.started(),
    onGrace: (milliseconds) => {
      grace = milliseconds;
    },
  }));
}

function exitOf(error: unknown): number {
  const first = error instanceof MeshErrors ? error.errors[0] : error;
  return serviceExitOf(first instanceof MeshError ? first.code : "INTERNAL");
}
