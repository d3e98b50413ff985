import type { ValueOf } from "./kind.ts";
import type { Row } from "./row.ts";
import { settingsTable } from "./table.ts";

type Table = typeof settingsTable;

/** The name of a setting, in camel case, as the config file writes it. */
export type SettingKey = keyof Table;

type WithDefault = { [K in SettingKey]: Table[K] extends { readonly default: unknown } ? K : never }[SettingKey];

/** The value of one setting. */
export type SettingValue<K extends SettingKey> = ValueOf<Table[K]["kind"]>;

/** Every setting with its value: those with a default always have one. */
export type Settings = {
  readonly [K in WithDefault]: SettingValue<K>;
} & {
  readonly [K in Exclude<SettingKey, WithDefault>]?: SettingValue<K>;
};

/** All keys, in the order of the table. */
export const settingKeys = Object.keys(settingsTable) as readonly SettingKey[];

/** A row of the table, whatever its kind. */
export function settingRow(key: SettingKey): Row<unknown> {
  return settingsTable[key];
}
