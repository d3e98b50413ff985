/** A workload that has become silent, and its group's key as text. */
export interface Silent {
  readonly id: string;
  readonly group: string;
}

/** Expiries that were let through, so that a slow landslide is seen as one. */
export interface PastExpiry {
  readonly group: string;
  readonly at: number;
}

/** A pause of one group's expiries, or of all (`everything`), and who was silent when it began. */
export interface Suspension {
  readonly until: number;
  readonly suspects: ReadonlySet<string>;
}

/** What the breaker remembers; times are monotonic milliseconds. */
export interface BreakerMemory {
  readonly past: readonly PastExpiry[];
  readonly suspensions: ReadonlyMap<string, Suspension>;
}

/** Too many at once: more likely our own outage than theirs. */
export interface Tripped {
  /** The group, or `everything`. */
  readonly scope: string;
  readonly silent: number;
  readonly of: number;
}

/** Who is silent now, how many leases each group has that have not expired, those of the silent included. */
export interface BreakerInput {
  readonly silent: readonly Silent[];
  readonly counts: ReadonlyMap<string, number>;
  /** The window in which expiries count together: one lease. */
  readonly window: number;
  readonly now: number;
}

/** Who may expire, and what to remember. */
export interface BreakerVerdict {
  readonly expire: ReadonlySet<string>;
  readonly tripped: readonly Tripped[];
  readonly memory: BreakerMemory;
}

/** Scope of a suspension that holds for all groups. */
export const everything = "everything";

/** How long nothing expires after the breaker has tripped. */
export const suspensionTime = 300_000;

/** A breaker that has seen nothing. */
export const freshBreaker: BreakerMemory = { past: [], suspensions: new Map() };

const leastSilent = 5;
const shareOfGroup = 0.5;
const shareOfAll = 0.33;

/**
 * The circuit breaker against mass expiry. Whoever is still silent when a suspension is over was not our outage, and
 * expires without being counted again.
 */
export function judgeMassExpiry(input: BreakerInput, memory: BreakerMemory): BreakerVerdict {
  const { silent, now, window } = input;
  const past = memory.past.filter(({ at }) => now - at < window);
  const waiting = new Map([...memory.suspensions].filter(([, { until }]) => until > now));
  const proven = provenSilent(memory, input);
  const open = silent.filter(({ id, group }) => !proven.has(id) && !isSuspended(waiting, group));
  const tripped = listTripped(open, { counts: withoutProven(input, proven), past });
  const suspensions = new Map([...waiting, ...tripped.map(({ scope }): [string, Suspension] => [scope, { until: now + suspensionTime, suspects: new Set(silent.map(({ id }) => id)) }])]);
  // Proven ones wait for suspensions that run, but for none that others cause now.
  const expire = silent.filter(({ id, group }) => !isSuspended(proven.has(id) ? waiting : suspensions, group));
  const counted = expire.filter(({ id }) => !proven.has(id)).map(({ group }) => ({ group, at: now }));
  const kept = new Map([...memory.suspensions, ...suspensions].map(([scope, suspension]) => [scope, narrowed(suspension, silent)] as const).filter(([, { until, suspects }]) => until > now || suspects.size > 0));
  return { expire: new Set(expire.map(({ id }) => id)), tripped, memory: { past: [...past, ...counted], suspensions: kept } };
}

/** True while expiries, and what follows from them, wait for this group. */
export function isSuspended(suspensions: ReadonlyMap<string, Suspension>, group: string, now = -Infinity): boolean {
  return [everything, group].some((scope) => (suspensions.get(scope)?.until ?? -Infinity) > now);
}

function provenSilent({ suspensions }: BreakerMemory, { now }: BreakerInput): ReadonlySet<string> {
  const over = [...suspensions.values()].filter(({ until }) => until <= now);
  return new Set(over.flatMap(({ suspects }) => [...suspects]));
}

// A share of the living: the proven dead would make every landslide after them look small.
function withoutProven({ silent, counts }: BreakerInput, proven: ReadonlySet<string>): ReadonlyMap<string, number> {
  const dead = countGroups(silent.filter(({ id }) => proven.has(id)));
  return new Map([...counts].map(([group, count]) => [group, count - (dead.get(group) ?? 0)]));
}

interface Counting {
  readonly counts: ReadonlyMap<string, number>;
  readonly past: readonly PastExpiry[];
}

function listTripped(open: readonly Silent[], { counts, past }: Counting): readonly Tripped[] {
  // Past expiries alone trip nothing: they were let through when they were fewer.
  if (open.length === 0) return [];
  const newly = countGroups(open);
  const before = countGroups(past);
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const all: Tripped = { scope: everything, silent: open.length + past.length, of: total + past.length };
  if (isTooMany(all, shareOfAll)) return [all];
  return [...newly]
    .map(([scope, count]): Tripped => ({ scope, silent: count + (before.get(scope) ?? 0), of: (counts.get(scope) ?? 0) + (before.get(scope) ?? 0) }))
    .filter((group) => isTooMany(group, shareOfGroup));
}

function isTooMany({ silent, of }: Tripped, share: number): boolean {
  return silent >= leastSilent && silent > share * of;
}

function countGroups(items: readonly { readonly group: string }[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { group } of items) counts.set(group, (counts.get(group) ?? 0) + 1);
  return counts;
}

// Who was heard again is no suspect any more.
function narrowed(suspension: Suspension, silent: readonly Silent[]): Suspension {
  return { ...suspension, suspects: suspension.suspects.intersection(new Set(silent.map(({ id }) => id))) };
}
