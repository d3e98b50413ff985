// Rounds of the leader over a large fleet, in a process of its own: its event loop and heap are nobody else's. Its parent
// says how many machines; it answers with one message and ends.
import { Fleet } from "../../src/autoregistration/fleet.ts";
import { MemoryStore } from "../../src/autoregistration/memory-store.ts";
import type { LeaseObject, WorkloadObject } from "../../src/autoregistration/objects.ts";
import { watchRounds } from "../../src/autoregistration/rounds.ts";
import { objectOf } from "../../src/autoregistration/workload-object.ts";
import { renderKey, type ExternalGroup } from "../../src/model/external-group.ts";
import { PassingClock } from "./passing-clock.ts";
import type { RoundTimes } from "./reconcile-process.ts";
import { groupKey, makeGroup } from "./registration-samples.ts";

const edits = 3;
const interval = 5000;
const { signal } = new AbortController();
const clock = new PassingClock();
const store = new MemoryStore(() => clock.now().getTime());
const fleet = new Fleet();

process.once("message", (machines: number) => {
  void measure(machines).then((times) => process.send?.(times, () => process.exit()));
});

async function measure(machines: number): Promise<RoundTimes> {
  let groups: ReadonlyMap<string, ExternalGroup> = new Map([[renderKey(groupKey), makeGroup()]]);
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  await fill(machines);
  globalThis.gc?.();
  const heap = process.memoryUsage().heapUsed - before;
  const rounds = watchRounds({ store, fleet, groups: { current: () => groups, read: async () => undefined }, clock }, signal);
  const idle: number[] = [];
  const edited: number[] = [];
  const stalls: number[] = [];
  const idleStalls: number[] = [];
  // The first round sees every machine for the first time, and its code is cold.
  for (let run = 0; run <= edits; run += 1) {
    // Once unmeasured: it compares what the edit before has made new.
    await timeRound(rounds, 0);
    const quiet = await timeRound(rounds, 0);
    groups = new Map([[renderKey(groupKey), makeGroup({ labels: { app: "orders", edit: String(run) } })]]);
    const busy = await timeRound(rounds, machines);
    if (run === 0) continue;
    idle.push(quiet.took);
    idleStalls.push(quiet.stall);
    edited.push(busy.took);
    stalls.push(busy.stall);
  }
  return { idle, idleStalls, edited, stalls, heap };
}

async function timeRound(rounds: ReturnType<typeof watchRounds>, changes: number): Promise<{ readonly took: number; readonly stall: number }> {
  const turns = watchTurns();
  const start = performance.now();
  const next = rounds.next();
  clock.pass(interval);
  const { value } = await next;
  const took = performance.now() - start;
  const stall = await turns.end();
  if (value?.done.length !== changes) throw new Error(`the round did ${value?.done.length ?? NaN} changes, not ${changes}`);
  return { took, stall };
}

/** Notes the longest time between two turns of the event loop, in which no call would have been answered. */
function watchTurns(): { readonly end: () => Promise<number> } {
  let [last, longest, ended] = [performance.now(), 0, false];
  const { promise, resolve } = Promise.withResolvers<number>();
  const turn = (): void => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
    if (ended) resolve(longest);
    else setImmediate(turn);
  };
  setImmediate(turn);
  return { end: () => ((ended = true), promise) };
}

/** Machines as they are after their first renewal. */
async function fill(machines: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  void fleet.follow(store, resolve, signal);
  await promise;
  const now = clock.now().getTime();
  for (let index = 0; index < machines; index += 1) {
    const object = makeObject(index);
    const created = await store.createWorkload(object, signal);
    const version = created.ok ? created.stored.version : "";
    await store.createLease(makeLease(object, now), signal);
    // As at a server, where other events come between two writes.
    if (index % 100 === 0) await new Promise((resume) => setImmediate(resume));
    await store.updateCondition(object.key, { condition: { ready: true, reason: "Serving", message: "", since: new Date(now).toISOString() }, version }, signal);
  }
  await new Promise((resume) => setImmediate(resume));
}

function makeObject(index: number): WorkloadObject {
  const call = {
    identity: `spiffe://root.linkerd.cluster.local/vm/machine-${index}`, group: groupKey, incarnation: { instanceId: crypto.randomUUID(), incarnationId: crypto.randomUUID(), epoch: 1 },
    addresses: [], inboundPort: 4143, labels: { tier: "gold" }, health: { state: "Ready", seq: 1, reason: "Serving", message: "" },
    facts: { os: "linux", hostname: `machine-${index}`, zone: "eu-1a", harnessVersion: "0.1.0", proxyVersion: "2.366.0" },
  } as const;
  const addresses = [`10.${Math.floor(index / 62_500)}.${Math.floor(index / 250) % 250}.${(index % 250) + 1}`];
  return objectOf(call, { name: `orders-${index.toString(16).padStart(8, "0")}`, group: makeGroup(), addresses, clusterDomain: "cluster.local" });
}

function makeLease({ key }: WorkloadObject, now: number): LeaseObject {
  // Long enough for the passing of the measured rounds.
  return { key, incarnationId: crypto.randomUUID(), epoch: 1, renewedAt: now, duration: 3_600_000, registeredAt: now, healthSeq: 1 };
}
