import type { SettingKey } from "./settings.ts";

/** Who may say a setting, strongest first. */
export const sourceKinds = ["policy", "flag", "environment", "file", "registry", "group"] as const;

/** A place where settings are said. */
export type SourceKind = (typeof sourceKinds)[number];

/** Where a value comes from in the end: somebody's word, another setting, or the table. */
export type Origin = SourceKind | "derived" | "default";

/** A named value as some system keeps it. */
export type Texts = Readonly<Record<string, string>>;

/** Values of a registry key, with the path by which its owner knows it. */
export interface RegistryValues {
  readonly path: string;
  readonly values: Texts;
  /** Values that are no text, and why: by name, like the others. */
  readonly troubles?: Texts;
}

/** A line of the config file: the key as it was written, with its text or why it has none. */
export interface ConfigEntry {
  readonly key: string;
  readonly line: number;
  readonly value: { readonly text: string } | { readonly trouble: string };
}

/** The config file, read; `troubles` are those of the file as a whole. */
export interface ConfigFile {
  readonly path: string;
  readonly entries: readonly ConfigEntry[];
  readonly troubles: readonly { readonly line: number | undefined; readonly what: string }[];
}

/** Everything that says settings, as it was found. */
export interface Sources {
  readonly policy?: RegistryValues | undefined;
  /** By flag without its dashes; flags of other meaning are passed over. */
  readonly flags?: Readonly<Record<string, string | boolean | number | readonly string[] | undefined>> | undefined;
  readonly environment?: Texts | undefined;
  readonly file?: ConfigFile | undefined;
  readonly registry?: RegistryValues | undefined;
  /** What the registration's answer says, by config key. */
  readonly group?: Texts | undefined;
}

/** A setting as somebody said it. */
export interface Said {
  readonly key: SettingKey;
  readonly text: string;
  readonly source: SourceKind;
  /** As its author knows it: `--log-level`, `LINKERD_MESH_LOG_LEVEL`, `/etc/linkerd-mesh/config.yaml:3 logLevel`. */
  readonly where: string;
  /** A name of somebody else's, that counts only when ours is not set. */
  readonly borrowed?: true;
}

/** Something worth knowing that stops nothing. */
export interface Notice {
  readonly key: SettingKey | undefined;
  /** One sentence without final stop. */
  readonly text: string;
}
