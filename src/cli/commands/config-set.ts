import { z } from "zod";
import { MeshError } from "../../model/errors.ts";
import { settingRow, type SettingKey } from "../../model/settings/settings.ts";
import { recogniseSetting, suggestSetting } from "../../model/settings/surfaces.ts";
import type { Host } from "../../platform/host.ts";
import type { Command, CommandContext } from "../command.ts";
import { changeConfig } from "../config/change-config.ts";
import { changeRegistry } from "../config/change-registry.ts";
import { configPathOf } from "../config/read-sources.ts";
import { showable } from "../config/report.ts";

const output = z.strictObject({
  /** The file that was changed, or else the key of the registry. */
  configFile: z.string().optional(),
  registryKey: z.string().optional(),
  setting: z.string(),
  /** What is said there now; absent after `--unset`. */
  value: z.string().optional(),
  changed: z.boolean(),
  /** The value of the organisation's policy that counts instead. */
  overruledBy: z.string().optional(),
});

type Outcome = z.infer<typeof output>;

/** Writes one setting into the config file, or into the registry where the machine keeps its settings there. */
export const configSet: Command = {
  name: ["config", "set"],
  describe: "Change one setting in the config file, where comments and order stay, or in the registry of Windows",
  positionals: [
    { name: "setting", describe: "Name of the setting, as config show writes it", required: true },
    { name: "value", describe: "Its new value", required: false },
  ],
  options: {
    unset: { type: "boolean", describe: "Remove the setting, so that its default counts again" },
    config: { type: "string", value: "file", describe: "Change this config file instead of the system's, or of the registry" },
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
    const done = await change(host, text(options, "config"), { key, text: value });
    result({ ...done, setting: key, ...(value !== undefined && { value: showable(settingRow(key), value) }) } satisfies Outcome);
    return 0;
  },
};

async function change(host: Host, named: string, edit: { readonly key: SettingKey; readonly text: string | undefined }): Promise<Omit<Outcome, "setting" | "value">> {
  const configFile = configPathOf(host, named || undefined);
  if (configFile !== undefined) return { configFile, changed: await changeConfig(host, configFile, edit) };
  const { changed, overruledBy } = await changeRegistry(host, edit);
  return { registryKey: host.registry.path, changed, ...(overruledBy !== undefined && { overruledBy }) };
}

function renderOutcome({ configFile, registryKey, setting, value, changed, overruledBy }: Outcome): string {
  const place = configFile ?? registryKey ?? "";
  const now = value === undefined ? `${setting} removed from ${place}.` : `${setting} is ${value === "" ? "(none)" : value} in ${place}.`;
  const done = changed ? now : `${place} says so already; nothing was changed.`;
  return overruledBy === undefined ? done : `${done}\nnote: the policy ${overruledBy} counts instead.`;
}

function parseKey(name: string): SettingKey {
  const key = recogniseSetting(name);
  if (key !== undefined) return key;
  throw new MeshError("SETTING_UNKNOWN", { doing: "changing a setting", what: `There is no setting ${name}${suggestSetting(name)}`, target: name });
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
    doing: "changing a setting",
    what: `${key}: ${quoted} cannot be used: ${parsed.reason}`,
    remedy: `Write ${kind.form}`,
    target: key,
  });
}

function text(options: CommandContext["options"], name: string): string {
  const value = options[name];
  return typeof value === "string" ? value : "";
}
