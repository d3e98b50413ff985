import { MeshError } from "../../model/errors.ts";
import type { Settings } from "../../model/settings/settings.ts";
import { runHarness } from "../../harness/harness.ts";
import { defaultTimings } from "../../harness/timings.ts";
import type { Registration } from "../../registration/registration.ts";
import { staticRegistration } from "../../registration/static.ts";
import type { Command } from "../command.ts";
import { version } from "../version.ts";

/** The harness: everything between an identity and a machine that is part of the mesh. */
export const run: Command = {
  name: ["run"],
  describe: "Join the mesh and stay in it until stopped: the harness",
  takesSettings: true,
  examples: [
    { line: "linkerd-mesh run", does: "Joins with the settings of this machine; as root it continues as PROXY_USER" },
    { line: "linkerd-mesh run --outbound-redirect off", does: "Joins as a machine that only receives" },
  ],
  async run({ host, settings: resolve, signal, progress }) {
    const settings = await resolve("run");
    const registration = registrationOf(settings);
    await host.becomeAccount(settings.proxyUser, [settings.stateDir]);
    await runHarness({ host, settings, registration, timings: defaultTimings, version, onState: ({ phase }) => progress("run", phase) }, signal);
    return 0;
  },
};

function registrationOf(settings: Settings): Registration {
  const { registration, workloadName: name, workloadNamespace: namespace, workloadServerName: serverName } = settings;
  if (registration === "dynamic") {
    throw new MeshError("REGISTRATION_UNSUPPORTED", { doing: "entering the mesh", what: "REGISTRATION is dynamic, and this version knows only static" });
  }
  if (name === undefined || namespace === undefined || serverName === undefined) {
    throw new MeshError("SETTING_REQUIRED", { doing: "entering the mesh", what: "static registration needs WORKLOAD_NAME, WORKLOAD_NAMESPACE and WORKLOAD_SERVER_NAME" });
  }
  return staticRegistration({ name, namespace, serverName }, settings.workloadIdentity);
}
