import type { Os } from "./kind.ts";
import type { Default } from "./row.ts";

/** Folders of the system that defaults may name, by the name between the percent signs. */
export type Folders = Readonly<Record<string, string>>;

/** The default's text on that system, with its references still in it. */
export function defaultText(declared: Default, os: Os): string {
  return typeof declared === "string" ? declared : declared[os];
}

/** The other settings that a default is derived from. */
export function referencesOf(text: string): readonly string[] {
  return [...new Set(text.matchAll(/<(\w+)>/g).map(([, key = ""]) => key))];
}

/** Puts the texts of other settings and the system's folders into a default. */
export function fillDefault(text: string, lookUp: (key: string) => string, folders: Folders): string {
  return text
    .replace(/<(\w+)>/g, (_, key: string) => lookUp(key))
    .replace(/%(\w+)%/g, (whole, name: string) => folders[name] ?? whole);
}
