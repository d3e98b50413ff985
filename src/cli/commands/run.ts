import { defaultTimings } from "../../harness/timings.ts";
import type { Command } from "../command.ts";
import { readSettle } from "../config/resolve-settings.ts";
import { saidBy } from "../settings.ts";
import { version } from "../version.ts";

/** The harness: everything between an identity and a machine that is part of the mesh. */
export const run: Command = {
  name: ["run"],
  describe: "Join the mesh and stay in it until stopped: the harness",
  takesSettings: "machine",
  examples: [
    { line: "linkerd-mesh run", does: "Joins with the settings of this machine; as root it continues as PROXY_USER" },
    { line: "linkerd-mesh run --outbound-redirect off", does: "Joins as a machine that only receives" },
  ],
  async run({ host, settings: readSettings, options, signal, progress }) {
    const settings = await readSettings("run");
    await host.becomeAccount(settings.proxyUser, [settings.stateDir]);
    // Only now: as root this process has just become another one, which would load everything twice.
    const { runHarness } = await import("../../harness/run-harness.ts");
    const settle = await readSettle(host, saidBy(options), "run");
    await runHarness({ host, settings, settle, timings: defaultTimings, version, onState: ({ phase }) => progress("run", phase) }, signal);
    return 0;
  },
};
