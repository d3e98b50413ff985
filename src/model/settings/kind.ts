/** The systems a machine may run. */
export type Os = "linux" | "win32";

/** What reading a text gave: the value, or why the text cannot be used (a phrase that completes "… is not …"). */
export type Parsed<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

/** A kind of setting: how its text becomes a value and back. `parse(format(value))` is `value`. */
export interface Kind<T> {
  readonly name: string;
  /** What to write, for help and error messages: "a port, 1 to 65535". */
  readonly form: string;
  /** Fixed words, when only those are accepted. */
  readonly choices?: readonly string[];
  readonly parse: (text: string, os: Os) => Parsed<T>;
  // A method, so that a kind of any type is a Kind<unknown>; it is only ever given what its own parse made.
  format(value: T): string;
}

/** The value type of a kind. */
export type ValueOf<K> = K extends Kind<infer T> ? T : never;

/** A text that was understood. */
export function accept<T>(value: T): Parsed<T> {
  return { ok: true, value };
}

/** A text that cannot be used, and why. */
export function refuse(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}

/** Parses every item of a comma-separated list; the first item that cannot be used decides. */
export function parseList<T>(text: string, parseItem: (item: string) => Parsed<T>): Parsed<T[]> {
  const items = text.split(",").map((item) => item.trim());
  if (items.length === 1 && items[0] === "") return accept([]);
  const values: T[] = [];
  for (const item of items) {
    if (item === "") return refuse("an item between two commas is missing");
    const parsed = parseItem(item);
    if (!parsed.ok) return parsed;
    values.push(parsed.value);
  }
  return accept(values);
}
