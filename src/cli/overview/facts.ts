import type { MeshError } from "../../model/errors.ts";

/** A file or socket that the machine needs. */
export interface Presence {
  readonly path: string;
  /** `unseen`: not on this machine, or not visible to this account. */
  readonly state: "present" | "absent" | "unusable" | "unseen";
}

/** What the harness's admin address answered. */
export type HarnessFact =
  | { readonly address: string; readonly state: "absent" }
  /** Something answers that is no harness, or one that does not answer in time. */
  | { readonly address: string; readonly state: "strange"; readonly detail: string }
  | { readonly address: string; readonly state: "answering"; readonly ready: boolean; readonly phase: string; readonly workload?: string };

/** What was seen of this machine; nothing here is judged yet. */
export interface MachineFacts {
  readonly version: string;
  readonly os: "linux" | "win32";
  readonly account: { readonly name: string; readonly mayRedirect: boolean };
  readonly config: { readonly path: string | undefined; readonly present: boolean; readonly problems: readonly MeshError[] };
  readonly harness: HarnessFact;
  readonly spire: Presence & { readonly service: string };
  readonly proxy: Presence;
  readonly wantsRedirect: boolean;
}
