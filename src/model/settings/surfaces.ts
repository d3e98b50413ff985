import { renderSuggestion } from "../../base/suggest.ts";
import { parseCamelCase, renderConstantCase, renderKebabCase, renderPascalCase } from "../../base/words.ts";
import { settingKeys, settingRow, type SettingKey } from "./settings.ts";

/** Everywhere a setting can be said; each name is made from the words of its key. */
export interface Surfaces {
  /** Without the leading dashes. */
  readonly flag: string;
  readonly variable: string;
  readonly configKey: string;
  readonly registryValue: string;
  readonly msiProperty: string;
  /** Without the leading dash. */
  readonly parameter: string;
}

/** The prefix of all our environment variables. */
export const variablePrefix = "LINKERD_MESH_";

/** The variable that names another config file; it is no setting, for no config file can hold it. */
export const configVariable = `${variablePrefix}CONFIG`;

/** The names of one setting on every surface. */
export function surfacesOf(key: SettingKey): Surfaces {
  const words = parseCamelCase(key);
  return {
    flag: renderKebabCase(words),
    variable: variablePrefix + renderConstantCase(words),
    configKey: key,
    registryValue: renderPascalCase(words),
    msiProperty: settingRow(key).msi ?? renderConstantCase(words),
    parameter: renderPascalCase(words),
  };
}

/** The setting that has this name on that surface; registry names and parameters ignore case, as Windows does. */
export function findSetting(surface: keyof Surfaces, name: string): SettingKey | undefined {
  return index[surface].get(isCaseless(surface) ? name.toLowerCase() : name);
}

/** The setting meant by a name of any surface, however it is written: `--log-level`, `LOG_LEVEL`, `LogLevel`. */
export function recogniseSetting(name: string): SettingKey | undefined {
  const bare = (name.startsWith(variablePrefix) ? name.slice(variablePrefix.length) : name).replaceAll(/[-_]/g, "").toLowerCase();
  return settingKeys.find((key) => key.toLowerCase() === bare);
}

/** The setting that an unknown name most likely meant, as the end of a sentence; empty when none is near. */
export function suggestSetting(name: string): string {
  const same = recogniseSetting(name);
  return same === undefined ? renderSuggestion(name, settingKeys) : `; did you mean ${same}?`;
}

/** All names of a surface, in the order of the table. */
export function surfaceNames(surface: keyof Surfaces): readonly string[] {
  return settingKeys.map((key) => surfacesOf(key)[surface]);
}

const index = {
  flag: indexOf("flag"),
  variable: indexOf("variable"),
  configKey: indexOf("configKey"),
  registryValue: indexOf("registryValue"),
  msiProperty: indexOf("msiProperty"),
  parameter: indexOf("parameter"),
} as const;

function isCaseless(surface: keyof Surfaces): boolean {
  return surface === "registryValue" || surface === "parameter";
}

function indexOf(surface: keyof Surfaces): ReadonlyMap<string, SettingKey> {
  return new Map(settingKeys.map((key) => {
    const name = surfacesOf(key)[surface];
    return [isCaseless(surface) ? name.toLowerCase() : name, key];
  }));
}
