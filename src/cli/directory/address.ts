import { MeshError } from "../../model/errors.ts";
import { hostPort } from "../../model/settings/kinds/host-port.ts";
import { settingsTable } from "../../model/settings/table.ts";
import type { HostPort } from "../../model/settings/values.ts";
import type { CommandContext, Option } from "../command.ts";
import { readResolution } from "../config/resolve-settings.ts";

/** How a command is told which registration service to ask. */
export const directoryOptions = {
  "admin-address": { type: "string", value: "host:port", describe: "Where the registration service offers its lists; ADMIN_ADDRESS of this machine's settings when left out" },
  config: { type: "string", value: "file", describe: "Another config file; also LINKERD_MESH_CONFIG" },
} as const satisfies Readonly<Record<string, Option>>;

/** The admin address to ask; only the option may name a host, for a service listens at addresses of its own machine. */
export async function readDirectoryAddress({ host, options }: CommandContext): Promise<HostPort> {
  const named = options["admin-address"];
  if (typeof named === "string") return parseAddress(named);
  const config = options["config"];
  // Not context.settings(): a mistake elsewhere in the settings must not hide the service.
  const { resolved } = await readResolution(host, { flags: {}, configPath: typeof config === "string" ? config : undefined }, "none");
  const { host: bound, port } = parseAddress(resolved.get("adminAddress")?.text ?? settingsTable.adminAddress.default, settingsTable.adminAddress.kind);
  return { host: { "": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1" }[bound] ?? bound, port };
}

function parseAddress(text: string, kind: typeof hostPort = hostPort): HostPort {
  const parsed = kind.parse(text, "linux");
  if (parsed.ok) return parsed.value;
  throw new MeshError("USAGE", { doing: "reading --admin-address", what: `'${text}' cannot be used: ${parsed.reason}`, target: "--admin-address", remedy: "Give it as in --admin-address 127.0.0.1:9996." });
}
