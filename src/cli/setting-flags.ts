import type { Option } from "../generate/command-shape.ts";
import { settingOptions, type SettingOption } from "../model/settings/options.ts";
import type { SettingSide } from "../model/settings/row.ts";
import { settingRow } from "../model/settings/settings.ts";
import { findSetting } from "../model/settings/surfaces.ts";

/** A flag for every setting of each side, in the order of the table, and the one for the config file. */
export const settingFlags: Readonly<Record<SettingSide, Readonly<Record<string, Option>>>> = {
  machine: flagsOf("machine"),
  server: flagsOf("server"),
  both: flagsOf("both"),
};

function flagsOf(side: SettingSide): Readonly<Record<string, Option>> {
  return {
    config: { type: "string", value: "file", describe: "Another config file; also LINKERD_MESH_CONFIG" },
    ...Object.fromEntries(Object.entries(settingOptions(side)).map(([flag, option]) => [flag, withValue(flag, option)])),
  };
}

function withValue(flag: string, option: SettingOption): Option {
  const key = findSetting("flag", flag);
  if (key === undefined || option.type === "boolean" || option.choices !== undefined) return option;
  return { ...option, value: settingRow(key).kind.name };
}
