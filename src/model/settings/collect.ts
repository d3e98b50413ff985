import { renderSuggestion, suggest } from "../../base/suggest.ts";
import { MeshError } from "../errors.ts";
import { settingKeys, settingRow, type SettingKey } from "./settings.ts";
import { sourceKinds, type ConfigFile, type Notice, type RegistryValues, type Said, type Sources } from "./sources.ts";
import { configVariable, findSetting, suggestSetting, surfaceNames, variablePrefix } from "./surfaces.ts";
import type { Os } from "./kind.ts";

/** What was said, strongest first for each setting, and what was said in vain. */
export interface Collected {
  readonly said: ReadonlyMap<SettingKey, readonly Said[]>;
  readonly notices: readonly Notice[];
  readonly problems: readonly MeshError[];
}

interface Found {
  readonly said: Said[];
  readonly notices: Notice[];
  readonly problems: MeshError[];
}

/** Sorts what all sources say by setting and strength, and reports names that no setting has. */
export function collect(sources: Sources, os: Os): Collected {
  const found: Found = { said: [], notices: [], problems: [] };
  if (sources.policy !== undefined) collectRegistry("policy", sources.policy, found);
  collectFlags(sources.flags ?? {}, found);
  collectVariables(sources.environment ?? {}, os, found);
  if (sources.file !== undefined) collectFile(sources.file, found);
  if (sources.registry !== undefined) collectRegistry("registry", sources.registry, found);
  collectGroup(sources.group ?? {}, found);
  const ordered = found.said.toSorted((a, b) => strength(a) - strength(b));
  return { said: Map.groupBy(ordered, ({ key }) => key), notices: found.notices, problems: found.problems };
}

function strength({ source, borrowed }: Said): number {
  return sourceKinds.indexOf(source) + (borrowed === true ? 0.5 : 0);
}

function collectRegistry(source: "policy" | "registry", { path, values, troubles = {} }: RegistryValues, found: Found): void {
  for (const [name, text] of Object.entries({ ...values, ...troubles })) {
    const key = findSetting("registryValue", name);
    const where = `${path}\\${name === "" ? "(Default)" : name}`;
    // The same registry key holds values of the service and the installer, so that an unknown one is no mistake by itself.
    if (key === undefined) found.notices.push({ key, text: `${where} is not a setting${renderSuggestion(name, surfaceNames("registryValue"))}` });
    else if (Object.hasOwn(troubles, name)) found.problems.push(new MeshError("SETTING_INVALID", { doing: "reading the settings", what: `${where}: ${text}`, target: where }));
    else if (isSaid(key, text)) found.said.push({ key, text, source, where });
  }
}

function collectFlags(flags: NonNullable<Sources["flags"]>, found: Found): void {
  for (const [name, value] of Object.entries(flags)) {
    const key = findSetting("flag", name);
    if (key === undefined || value === undefined) continue;
    found.said.push({ key, text: Array.isArray(value) ? value.join(",") : String(value), source: "flag", where: `--${name}` });
  }
}

function collectVariables(environment: NonNullable<Sources["environment"]>, os: Os, found: Found): void {
  const names = new Map(Object.keys(environment).map((name) => [os === "win32" ? name.toUpperCase() : name, name]));
  for (const [name, original] of names) {
    if (!name.startsWith(variablePrefix) || name === configVariable) continue;
    const key = findSetting("variable", name);
    const text = environment[original] ?? "";
    if (key === undefined) found.problems.push(unknown(original, suggestVariable(name)));
    else if (isSaid(key, text)) found.said.push({ key, text, source: "environment", where: original });
  }
  for (const key of settingKeys) {
    const where = settingRow(key).alsoVariable;
    const text = where === undefined ? undefined : environment[names.get(where) ?? where];
    if (where !== undefined && text !== undefined && text !== "") found.said.push({ key, text, source: "environment", where, borrowed: true });
  }
}

// Compared without the prefix that all share: with it, everything is near to everything.
function suggestVariable(name: string): string {
  const bare = (variable: string): string => variable.slice(variablePrefix.length);
  const near = suggest(bare(name), [...surfaceNames("variable"), configVariable].map(bare));
  return near.length === 0 ? "" : `; did you mean ${near.map((found) => variablePrefix + found).join(" or ")}?`;
}

function collectFile(file: ConfigFile, found: Found): void {
  for (const { line, what } of file.troubles) {
    const where = line === undefined ? file.path : `${file.path}:${line}`;
    found.problems.push(new MeshError("CONFIG_UNREADABLE", { doing: "reading the config file", what: `${where}: ${what}`, target: where }));
  }
  for (const { key: name, line, value } of file.entries) {
    const key = findSetting("configKey", name);
    const where = `${file.path}:${line} ${name}`;
    if (key === undefined) found.problems.push(unknown(where, suggestSetting(name)));
    else if ("text" in value) found.said.push({ key, text: value.text, source: "file", where });
    else found.problems.push(new MeshError("SETTING_INVALID", { doing: "reading the settings", what: `${where}: ${value.trouble}`, target: where }));
  }
}

function collectGroup(group: NonNullable<Sources["group"]>, found: Found): void {
  for (const [name, text] of Object.entries(group)) {
    const key = findSetting("configKey", name);
    if (key !== undefined && settingRow(key).group === true) found.said.push({ key, text, source: "group", where: `the group's ${name}` });
    else found.notices.push({ key, text: `The group says ${name}, which a group may not set; it is ignored` });
  }
}

// Scripts clear a variable by setting it to nothing; only where nothing is a value does it count as one.
function isSaid(key: SettingKey, text: string): boolean {
  return text !== "" || settingRow(key).kind.parse("", "linux").ok;
}

function unknown(where: string, suggestion: string): MeshError {
  return new MeshError("SETTING_UNKNOWN", { doing: "reading the settings", what: `There is no setting ${where}${suggestion}`, target: where });
}
