import { z } from "zod";
import { MeshError } from "../../model/errors.ts";
import { settingRow, type SettingKey } from "../../model/settings/settings.ts";
import { recogniseSetting, suggestSetting } from "../../model/settings/surfaces.ts";
import type { Host } from "../../platform/host.ts";
import type { Command, CommandContext } from "../command.ts";
import { changeConfig } from "../config/change-config.ts";
import { configPathOf } from "../config/read-sources.ts";
import { showable } from "../config/report.ts";

const output = z.strictObject({
  configFile: z.string(),
  setting: z.string(),
  /** What the file says now; absent after `--unset`. */
  value: z.string().optional(),
  changed: z.boolean(),
});

type Outcome = z.infer<typeof output>;

/** Writes one setting into the config file. */
export const configSet: Command = {
  name: ["config", "set"],
  describe: "Change one setting in the config file; comments and order stay",
  positionals: [
    { name: "setting", describe: "Name of the setting, as config show writes it", required: true },
    { name: "value", describe: "Its new value", required: false },
  ],
  options: {
    unset: { type: "boolean", describe: "Remove the setting from the file, so that its default counts again" },
    config: { type: "string", value: "file", describe: "Change this config file instead of the system's" },
  },
  examples: [
    { line: "linkerd-mesh config set inboundNetworkAddress 10.0.0.5", does: "Says at which address the cluster reaches this machine" },
    { line: "linkerd-mesh config set logLevel --unset", does: "Goes back to the default log level" },
  ],
  output,
  render: renderOutcome,
  async run({ host, options, result }) {
    const key = parseKey(text(options, "setting"));
    const value = parseValue(key, options, host);
    const configFile = requirePath(host, options);
    const changed = await changeConfig(host, configFile, { key, text: value });
    result({ configFile, setting: key, changed, ...(value !== undefined && { value: showable(settingRow(key), value) }) } satisfies Outcome);
    return 0;
  },
};

function renderOutcome({ configFile, setting, value, changed }: Outcome): string {
  if (!changed) return `${configFile} says so already; nothing was changed.`;
  return value === undefined ? `${setting} removed from ${configFile}.` : `${setting} is ${value === "" ? "(none)" : value} in ${configFile}.`;
}

function parseKey(name: string): SettingKey {
  const key = recogniseSetting(name);
  if (key !== undefined) return key;
  throw new MeshError("SETTING_UNKNOWN", { doing: "changing the config file", what: `There is no setting ${name}${suggestSetting(name)}`, target: name });
}

/** The value in its canonical form; undefined when the setting is to be removed. */
function parseValue(key: SettingKey, options: CommandContext["options"], host: Host): string | undefined {
  const given = options["value"];
  const unset = options["unset"] === true;
  if (unset !== (given === undefined)) {
    const what = unset ? "--unset removes the setting and takes no value" : `${key} needs a value, or --unset`;
    throw new MeshError("USAGE", { doing: "reading the command line", what, target: key });
  }
  if (given === undefined) return undefined;
  const { kind, secret } = settingRow(key);
  const parsed = kind.parse(String(given), host.os);
  if (parsed.ok) return kind.format(parsed.value);
  const quoted = secret === true ? "the value" : JSON.stringify(given);
  throw new MeshError("SETTING_INVALID", {
    doing: "changing the config file",
    what: `${key}: ${quoted} cannot be used: ${parsed.reason}`,
    remedy: `Write ${kind.form}`,
    target: key,
  });
}

function requirePath(host: Host, options: CommandContext["options"]): string {
  const path = configPathOf(host, text(options, "config") || undefined);
  if (path !== undefined) return path;
  throw new MeshError("USAGE", { doing: "changing the config file", what: "this system has no config file; name one with --config", target: "--config" });
}

function text(options: CommandContext["options"], name: string): string {
  const value = options[name];
  return typeof value === "string" ? value : "";
}
