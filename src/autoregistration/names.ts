import { createHash } from "node:crypto";
import type { ExternalGroup, ObjectKey } from "../model/external-group.ts";
import type { StoredWorkload, Versioned } from "./objects.ts";

/** What a workload's name is made of: nothing that changes when the machine gets another address or name. */
export interface NameSource {
  readonly group: ObjectKey;
  readonly identity: string;
  readonly instanceId: string;
}

// The name is a label of the server name, so that DNS bounds it.
const longestLabel = 63;
const hashLengths = [8, 12, 16] as const;

/** The names that a machine may have, best first; a longer hash only serves when a stranger already has the shorter name. */
export function listNames({ group, identity, instanceId }: NameSource): readonly string[] {
  // NUL stands in none of the parts, so that no two sources run together to one text.
  const hash = createHash("sha256").update([group.namespace, group.name, identity, instanceId].join("\0")).digest("hex");
  return hashLengths.map((length) => `${group.name.slice(0, longestLabel - 1 - length).replace(/-+$/u, "")}-${hash.slice(0, length)}`);
}

/** Which of the names the machine has or gets, given what each name holds now; undefined when strangers have them all. */
export function pickName(source: NameSource, held: ReadonlyMap<string, Versioned<StoredWorkload> | undefined>): string | undefined {
  const names = listNames(source);
  return names.find((name) => isOwn(source, held.get(name)?.value)) ?? names.find((name) => held.get(name) === undefined);
}

/** True when this machine, and nobody else, registered the workload. */
export function isOwn(source: NameSource, workload: StoredWorkload | undefined): boolean {
  const object = workload?.object;
  return object?.key.namespace === source.group.namespace && object.group === source.group.name && object.identity === source.identity && object.instanceId === source.instanceId;
}

/** The TLS server name under which peers ask for a workload. */
export function renderServerName({ namespace, name }: ObjectKey, clusterDomain: string): string {
  return `${name}.${namespace}.external.identity.linkerd.${clusterDomain}`;
}

const versions = new WeakMap<ExternalGroup, string>();

/** A hash of everything that a group says, the same in every process; another value tells machines to register anew. */
export function readConfigVersion(group: ExternalGroup): string {
  const known = versions.get(group);
  if (known !== undefined) return known;
  const version = createHash("sha256").update(renderStable(group)).digest("hex").slice(0, 16);
  versions.set(group, version);
  return version;
}

// JSON with sorted keys: the order in which somebody wrote a manifest's fields changes nothing.
function renderStable(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
