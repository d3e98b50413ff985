import { knownSids, renderServiceSid } from "./sids.ts";

/** A folder or file that a service needs, or this process. */
export interface Place {
  readonly kind: "folder" | "file";
  /** Who works there besides SYSTEM and Administrators, who may do everything; by SID. */
  readonly user: string | undefined;
}

/** What was seen of a place that exists already. */
export interface PlaceFacts {
  /** It is a link or mount to somewhere else. */
  readonly reparse: boolean;
  readonly owner: string | undefined;
  /** Takes no rights from the folder above. */
  readonly protected: boolean;
}

// Everything but to change owner and rights: what is made inside belongs to who made it, but its rights come from here.
const modify = "0x1301bf";
// A log file may be read, written and emptied, not replaced by something else.
const readWrite = "0x12019f";

/** Who makes a place: `service install`, by an administrator; or the harness itself, for its own account. */
export type MadeBy = "installation" | "run";

/**
 * The rights of a place, in the security descriptor language: nothing from above, SYSTEM and Administrators, and its user.
 * What an installation makes belongs to Administrators, not to the one who installed.
 */
export function renderAccess({ kind, user }: Place, by: MadeBy): string {
  const inherit = kind === "folder" ? "OICI" : "";
  const ace = (rights: string, who: string): string => `(A;${inherit};${rights};;;${who})`;
  return `${by === "installation" ? "O:BA" : ""}D:P${ace("FA", "SY")}${ace("FA", "BA")}${user === undefined ? "" : ace(kind === "folder" ? modify : readWrite, user)}`;
}

/** Who works in a service's places: its own account, or nobody besides SYSTEM. */
export function userOfService({ name, account }: { readonly name: string; readonly account: "own" | "system" }): string | undefined {
  return account === "own" ? renderServiceSid(name) : undefined;
}

/** Why an existing place is not to be used; undefined when it may be. Whoever owns it can give himself every right to it. */
export function judgePlace({ reparse, owner }: PlaceFacts, trusted: readonly string[]): string | undefined {
  if (reparse) return "it leads somewhere else";
  if (owner === undefined) return "its owner cannot be read";
  return [...Object.values(knownSids), ...trusted].includes(owner) ? undefined : `it belongs to ${owner}`;
}

/** True where the access list has to be set: by an installation always, by a run only where nobody has done so. */
export function isAccessWanted(facts: PlaceFacts | undefined, by: MadeBy): boolean {
  return by === "installation" || facts?.protected !== true;
}
