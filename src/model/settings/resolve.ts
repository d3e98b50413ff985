import { MeshError } from "../errors.ts";
import { judgeSettings, noticeSettings } from "./checks.ts";
import { collect } from "./collect.ts";
import { defaultText, fillDefault, referencesOf, type Folders } from "./default-text.ts";
import type { Os } from "./kind.ts";
import type { Resolved } from "./resolved.ts";
import type { Role } from "./row.ts";
import { settingKeys, settingRow, type SettingKey, type Settings } from "./settings.ts";
import type { Notice, Said, Sources } from "./sources.ts";
import { surfacesOf } from "./surfaces.ts";

/** What resolving has to know besides the sources. */
export interface ResolveContext {
  readonly os: Os;
  readonly role: Role;
  readonly folders: Folders;
}

/** All settings, or all that is wrong with them. */
export interface Resolution {
  /** Present exactly when there is no problem. */
  readonly settings: Settings | undefined;
  /** Those that have a value, in the order of the table. */
  readonly resolved: ReadonlyMap<SettingKey, Resolved>;
  readonly notices: readonly Notice[];
  readonly problems: readonly MeshError[];
}

interface Work {
  readonly said: ReadonlyMap<SettingKey, readonly Said[]>;
  readonly context: ResolveContext;
  readonly resolved: Map<SettingKey, Resolved>;
  /** Said, but not understood: neither a default nor anything derived takes its place. */
  readonly broken: Set<SettingKey>;
  readonly notices: Notice[];
  readonly problems: MeshError[];
}

/** Finds every setting's value and origin; problems are all reported, each once and at its root. */
export function resolve(sources: Sources, context: ResolveContext): Resolution {
  const { said, notices, problems } = collect(sources, context.os);
  const work: Work = { said, context, resolved: new Map(), broken: new Set(), notices: [...notices], problems: [...problems] };
  for (const key of settingKeys) takeSaid(key, work);
  for (const key of settingKeys) takeDefault(key, work);
  // A file that cannot be read may hold what seems to be missing.
  if (sources.file === undefined || sources.file.troubles.length === 0) for (const key of settingKeys) demand(key, work);
  const resolved = new Map(settingKeys.flatMap((key) => {
    const found = work.resolved.get(key);
    return found === undefined ? [] : [[key, found] as const];
  }));
  const all = [...work.problems, ...judgeSettings(resolved)];
  const settings = all.length > 0 ? undefined : toSettings(resolved);
  return { settings, resolved, notices: [...work.notices, ...noticeSettings(resolved)], problems: all };
}

function takeSaid(key: SettingKey, work: Work): void {
  const [strongest, ...overruled] = work.said.get(key) ?? [];
  if (strongest === undefined) return;
  const row = settingRow(key);
  const parsed = row.kind.parse(strongest.text, work.context.os);
  if (parsed.ok) {
    work.resolved.set(key, { key, value: parsed.value, text: row.kind.format(parsed.value), origin: strongest.source, where: strongest.where });
  } else {
    work.broken.add(key);
    work.problems.push(invalid(strongest, parsed.reason));
  }
  if (row.only !== undefined && row.only !== work.context.os) {
    work.notices.push({ key, text: `${strongest.where} has no effect here: the setting is for ${osNames[row.only]}` });
  }
  for (const weaker of overruled) work.notices.push(...noticeOverruled(weaker, strongest, work.context.os));
}

function noticeOverruled(weaker: Said, strongest: Said, os: Os): Notice[] {
  const { key, where } = weaker;
  const parsed = settingRow(key).kind.parse(weaker.text, os);
  const notices: Notice[] = [];
  if (!parsed.ok) notices.push({ key, text: `${where} is overruled by ${strongest.where}, but could not be used: ${parsed.reason}` });
  else if (weaker.source === "flag" && strongest.source === "policy") notices.push({ key, text: `${where} is overruled by the policy ${strongest.where}` });
  return notices;
}

function takeDefault(key: SettingKey, work: Work): void {
  const row = settingRow(key);
  if (row.default === undefined || work.resolved.has(key) || work.broken.has(key)) return;
  const declared = defaultText(row.default, work.context.os);
  const sources = referencesOf(declared) as readonly SettingKey[];
  for (const source of sources) takeDefault(source, work);
  if (!sources.every((source) => work.resolved.has(source))) {
    work.broken.add(key);
    return;
  }
  const text = fillDefault(declared, (source) => work.resolved.get(source as SettingKey)?.text ?? "", work.context.folders);
  const parsed = row.kind.parse(text, work.context.os);
  const origin = sources.length > 0 ? "derived" : "default";
  if (parsed.ok) {
    work.resolved.set(key, { key, value: parsed.value, text: row.kind.format(parsed.value), origin, where: undefined });
  } else {
    work.broken.add(key);
    work.problems.push(underivable(key, { text, reason: parsed.reason, sources }));
  }
}

function demand(key: SettingKey, work: Work): void {
  const { required } = settingRow(key);
  if (required === undefined || required.role !== work.context.role) return;
  if (work.resolved.has(key) || work.broken.has(key)) return;
  if (required.registration !== undefined && required.registration !== work.resolved.get("registration")?.value) return;
  const { flag, variable, configKey } = surfacesOf(key);
  const when = required.registration === undefined ? "" : ` with registration ${required.registration}`;
  work.problems.push(new MeshError("SETTING_REQUIRED", {
    doing: "reading the settings",
    what: `${configKey} is required${when} and has no value (${settingRow(key).doc})`,
    remedy: `Set it as --${flag}, as ${variable}, or for good: linkerd-mesh config set ${configKey} VALUE`,
    target: configKey,
  }));
}

function invalid(said: Said, reason: string): MeshError {
  const { kind, secret } = settingRow(said.key);
  const quoted = secret === true ? "" : ` ${JSON.stringify(said.text)}`;
  return new MeshError("SETTING_INVALID", {
    doing: "reading the settings",
    what: `${said.where}:${quoted} cannot be used: ${reason}`,
    remedy: `Write ${kind.form}`,
    target: said.where,
  });
}

function underivable(key: SettingKey, derived: { readonly text: string; readonly reason: string; readonly sources: readonly SettingKey[] }): MeshError {
  const from = derived.sources.length === 0 ? "" : `, derived from ${derived.sources.join(" and ")},`;
  return new MeshError("SETTING_INVALID", {
    doing: "reading the settings",
    what: `${key}: ${JSON.stringify(derived.text)}${from} cannot be used: ${derived.reason}`,
    remedy: `Set ${[key, ...derived.sources].join(" or ")}`,
    target: key,
  });
}

const osNames = { linux: "Linux", win32: "Windows" } as const;

// The one place where values lose and regain their types: every value was made by the parse of its own row,
// and a row with a default has a value here, or there would have been a problem.
function toSettings(resolved: ReadonlyMap<SettingKey, Resolved>): Settings {
  return Object.fromEntries([...resolved].map(([key, { value }]) => [key, value])) as Settings;
}
