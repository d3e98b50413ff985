import { parseObject } from "../base/parse-json.ts";

/** Who this installation is, over restarts and new addresses. */
export interface Instance {
  /** Random UUID; with the machine's identity it names the workload. */
  readonly id: string;
  /** SHA-256 of the machine's identifier: another one means that the disk was cloned. */
  readonly machine: string;
  /** One more at each start: orders the lives of this instance. */
  readonly epoch: number;
}

/** What a file of the instance turned out to be. */
export type ReadInstance =
  | { readonly kind: "good"; readonly instance: Instance }
  | { readonly kind: "damaged" }
  /** Written by a later version of this program. */
  | { readonly kind: "newer"; readonly version: number };

/** Version of the file's form. */
export const instanceFileVersion = 1;

/** Reads the text of an instance file. */
export function parseInstanceFile(text: string): ReadInstance {
  const value = parseObject(text);
  const version = value?.["version"];
  if (typeof version === "number" && version > instanceFileVersion) return { kind: "newer", version };
  const { id, machine, epoch } = value ?? {};
  const good = version === instanceFileVersion && typeof id === "string" && uuid.test(id) && typeof machine === "string" && isEpoch(epoch);
  return good ? { kind: "good", instance: { id, machine, epoch } } : { kind: "damaged" };
}

/** The text of an instance file. */
export function renderInstanceFile(instance: Instance): string {
  return `${JSON.stringify({ version: instanceFileVersion, ...instance }, undefined, 2)}\n`;
}

/** The instance of the next start: the same with a higher epoch, or a new one on a machine that is another. */
export function planInstance(before: Instance | undefined, machine: string, freshId: string): Instance {
  if (before?.machine !== machine) return { id: freshId, machine, epoch: 1 };
  return { ...before, epoch: before.epoch + 1 };
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function isEpoch(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 1;
}
