import type { Store, Written } from "../../src/autoregistration/store.ts";
import { condition, lease, object } from "./samples.ts";

const { signal } = new AbortController();
const { key } = object();

/** A machine registers, becomes ready, moves, expires and goes: each step is one write. */
const life: readonly ((store: Store) => Promise<unknown>)[] = [
  (store) => store.createWorkload(object(), signal),
  (store) => store.createLease(lease(), signal),
  async (store) => store.updateCondition(key, { condition: condition({ ready: false, reason: "Registered" }), version: await workloadVersion(store) }, signal),
  async (store) => store.updateLease(lease({ healthSeq: 6 }), await leaseVersion(store), signal),
  async (store) => store.updateCondition(key, { condition: condition(), version: await workloadVersion(store) }, signal),
  async (store) => store.updateWorkload(object({ addresses: ["10.0.0.9"] }), await workloadVersion(store), signal),
  async (store) => store.updateLease(lease({ expiredAt: 1 }), await leaseVersion(store), signal),
  async (store) => store.updateCondition(key, { condition: condition({ ready: false, reason: "LeaseExpired" }), version: await workloadVersion(store) }, signal),
  async (store) => store.deleteLease(key, await leaseVersion(store), signal),
  async (store) => store.deleteWorkload(key, await workloadVersion(store), signal),
];

/** How many writes a life has. */
export const lifeLength = life.length;

/** Does the first writes of a life. */
export async function writeLife(store: Store, count: number): Promise<void> {
  for (const step of life.slice(0, count)) await step(store);
}

/** Renews one lease again and again; `acknowledge` hears the number of each renewal that is stored. */
export async function writeEndlessly(store: Store, acknowledge: (count: number) => Promise<void>): Promise<never> {
  let written: Written<unknown> = await store.createLease(lease({ epoch: 0 }), signal);
  for (let count = 1; ; count += 1) {
    if (!written.ok) throw new Error(`refused: ${written.refusal}`);
    written = await store.updateLease(lease({ epoch: count }), written.stored.version, signal);
    await acknowledge(count);
  }
}

async function workloadVersion(store: Store): Promise<string> {
  return (await store.readWorkload(key, signal))?.version ?? "";
}

async function leaseVersion(store: Store): Promise<string> {
  return (await store.readLease(key, signal))?.version ?? "";
}
