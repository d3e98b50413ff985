import type { SettingSide } from "./row.ts";
import { settingKeys, settingRow, type SettingKey } from "./settings.ts";
import { surfacesOf } from "./surfaces.ts";

/** How the command line takes one setting. */
export interface SettingOption {
  readonly type: "string" | "boolean";
  readonly describe: string;
  /** The kind of the value, for help. */
  readonly value?: string;
  readonly choices?: readonly string[];
}

/** A flag for every setting that this side reads, by flag name without dashes. */
export function settingOptions(side: SettingSide = "machine"): Readonly<Record<string, SettingOption>> {
  const keys = settingKeys.filter((key) => isReadBy(settingRow(key).of ?? "machine", side));
  return Object.fromEntries(keys.map((key) => [surfacesOf(key).flag, optionOf(key)]));
}

function optionOf(key: SettingKey): SettingOption {
  const { kind, doc } = settingRow(key);
  if (kind.name === "boolean") return { type: "boolean", describe: doc };
  if (kind.choices !== undefined) return { type: "string", describe: doc, value: kind.name, choices: kind.choices };
  return { type: "string", describe: `${doc} (${kind.form})`, value: kind.name };
}

function isReadBy(of: SettingSide, side: SettingSide): boolean {
  return of === "both" || side === "both" || of === side;
}
