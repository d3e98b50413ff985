import { z } from "zod";
import { renderHostPort } from "../../model/settings/kinds/host-port.ts";
import { MeshError } from "../../model/errors.ts";
import type { Command } from "../command.ts";

/** What is printed when machines may call. */
const openedSchema = z.strictObject({
  /** Where machines call. */
  listen: z.string(),
  /** Where health, metrics and the lists are. */
  admin: z.string(),
  authMode: z.enum(["tls", "sidecar"]),
  /** The SPIFFE id that machines see; absent behind a mesh's proxy. */
  identity: z.string().optional(),
  store: z.enum(["disk", "memory"]),
  groupsDir: z.string(),
  groups: z.int(),
  /** Group files with something wrong. */
  troubles: z.int(),
});

/** The registration service outside Kubernetes. */
export const autoregister: Command = {
  name: ["autoregister"],
  describe: "Run the registration service: machines join the groups of a folder and appear as workloads",
  takesSettings: "server",
  options: {
    store: { type: "string", choices: ["disk", "memory"], default: "disk", describe: "Where machines are kept: a file in STATE_DIR, or this process, for a trial" },
  },
  examples: [
    { line: "linkerd-mesh autoregister --groups-dir /etc/linkerd-mesh/groups", does: "Serves the groups of a folder, and keeps machines in a file" },
    { line: "linkerd-mesh autoregister --groups-dir groups --store memory --listen-address 127.0.0.1:8081", does: "Tries it on this machine, and forgets everything at the end" },
  ],
  output: openedSchema,
  render: renderOpened,
  async run({ settings: resolve, host, options, signal, progress, result }) {
    const settings = await resolve("server");
    const { groupsDir, authMode } = settings;
    if (groupsDir === undefined) throw new MeshError("SETTING_REQUIRED", { doing: "opening the registration service", what: "groupsDir has no value", target: "groupsDir" });
    const store = options["store"] === "memory" ? "memory" : "disk";
    const { runAutoregister } = await import("../../autoregistration/autoregister.ts");
    await runAutoregister({
      host, settings, groupsDir, store,
      onPhase: (phase) => progress("autoregister", phase),
      onOpen: ({ listen, admin, identity, groups, troubles }) => result({ listen: renderHostPort(listen), admin: renderHostPort(admin), authMode, ...(identity !== undefined && { identity }), store, groupsDir, groups, troubles }),
    }, signal);
    return 0;
  },
};

function renderOpened({ listen, admin, identity, store, groupsDir, groups, troubles }: z.infer<typeof openedSchema>): string {
  const bad = troubles === 0 ? "" : `, ${troubles} files with something wrong: linkerd-mesh group list`;
  return [
    `The registration service is open; stop it with Ctrl+C.`,
    `  machines     ${listen}${identity === undefined ? " from a mesh's proxy" : ` as ${identity}`}`,
    `  admin        http://${admin}`,
    `  groups       ${groups} in ${groupsDir}${bad}`,
    `  kept         ${store === "disk" ? "on disk" : "in memory, until it stops"}`,
    "",
  ].join("\n");
}
