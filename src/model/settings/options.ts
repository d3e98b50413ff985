import { settingKeys, settingRow } from "./settings.ts";
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
export function settingOptions(side: "machine" | "server" = "machine"): Readonly<Record<string, SettingOption>> {
  const keys = settingKeys.filter((key) => isReadBy(settingRow(key).of ?? "machine", side));
  return Object.fromEntries(keys.map((key) => {
    const { kind, doc } = settingRow(key);
    if (kind.name === "boolean") return [surfacesOf(key).flag, { type: "boolean", describe: doc }];
    const form = kind.choices === undefined ? ` (${kind.form})` : "";
    const described = { type: "string", describe: doc + form, value: kind.name } as const;
    return [surfacesOf(key).flag, kind.choices === undefined ? described : { ...described, choices: kind.choices }];
  }));
}

function isReadBy(of: "machine" | "server" | "both", side: "machine" | "server"): boolean {
  return of === "both" || of === side;
}
