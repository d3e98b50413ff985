import type { Kind, Os } from "./kind.ts";

/** What a process is about to do with its settings: only then do required ones have to be there. */
export type Role = "none" | "run" | "server";

/** When a setting has to have a value: in a role, and for the harness in one or both ways of registration. */
export interface Requirement {
  readonly role: "run" | "server";
  readonly registration?: "dynamic" | "static";
}

/**
 * Text that is used when nobody says anything. `<key>` stands for another setting, which makes the value derived;
 * `%ProgramFiles%` and `%ProgramData%` for the folders of Windows.
 */
export type Default = string | Readonly<Record<Os, string>>;

/** Whose settings are meant: those of a machine, of the registration service, or of either. */
export type SettingSide = "machine" | "server" | "both";

/** One setting, as the table declares it. */
export interface Row<T> {
  readonly kind: Kind<T>;
  /** What it means: a sentence for help and docs, without final stop. */
  readonly doc: string;
  readonly default?: Default;
  readonly required?: Requirement;
  /** Who reads it; `machine` when left out. */
  readonly of?: SettingSide;
  /** The registration's answer may set it, below everything that the machine says. */
  readonly group?: true;
  /** The only system on which it has an effect. */
  readonly only?: Os;
  /** Shown masked, and never put in an error message. */
  readonly secret?: true;
  /** An environment variable of somebody else's that counts when our own is not set. */
  readonly alsoVariable?: string;
  /** The MSI property, where it is not the words joined by `_`. */
  readonly msi?: string;
}
