import assert from "node:assert/strict";
import fc from "fast-check";
import type { Store, Written } from "../../src/autoregistration/store.ts";
import { renderKey, type ObjectKey } from "../../src/model/external-group.ts";
import { condition, lease, object } from "./samples.ts";

const { signal } = new AbortController();
const key: ObjectKey = { namespace: "shop", name: "orders-1" };

/** What every store must do. `open` gives a new, empty store each time; the suite disposes it. */
export function describeStore(name: string, open: () => Promise<Store>): void {
  describe(`${name} as a store`, () => {
    describe("workloads", () => {
      describeWorkloads(open);
      describeAbsence(open);
    });
    describe("leases", () => {
      describeLeases(open);
      describeLeaseRaces(open);
    });
    describe("changes", () => describeWatch(open));
    it("does what a map would do, whatever is asked of it in whatever order", async () => {
      await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        await using store = await open();
        await assertLikeMap(store, steps);
      }), { numRuns: 30 });
    });
  });
}

function describeWorkloads(open: () => Promise<Store>): void {
  it("are made once, without a condition, and read as they were written", async () => {
    await using store = await open();
    assert.equal(await store.readWorkload(key, signal), undefined);
    const made = stored(await store.createWorkload(object({ labels: { a: "ü\u0000\ud83d\ude00" } }), signal));
    assert.deepEqual(made.value.object, object({ labels: { a: "ü\u0000\ud83d\ude00" } }));
    assert.equal(made.value.condition, undefined);
    assert.ok(made.value.uid.length > 0);
    assert.deepEqual(await store.readWorkload(key, signal), made);
    assert.deepEqual(await store.createWorkload(object(), signal), { ok: false, refusal: "exists" });
  });

  it("change only from the version that the writer has seen, object and condition alike, each keeping the other", async () => {
    await using store = await open();
    const first = stored(await store.createWorkload(object(), signal));
    const second = stored(await store.updateCondition(key, { condition: condition(), version: first.version }, signal));
    assert.notEqual(second.version, first.version);
    assert.deepEqual(await store.updateWorkload(object({ addresses: ["10.0.0.9"] }), first.version, signal), { ok: false, refusal: "conflict" });
    assert.deepEqual(await store.updateCondition(key, { condition: condition(), version: first.version }, signal), { ok: false, refusal: "conflict" });
    const third = stored(await store.updateWorkload(object({ addresses: ["10.0.0.9"] }), second.version, signal));
    assert.deepEqual(third.value, { ...second.value, object: object({ addresses: ["10.0.0.9"] }) });
    assert.deepEqual(await store.readWorkload(key, signal), third);
  });
}

function describeAbsence(open: () => Promise<Store>): void {
  it("go only from the version that the writer has seen, and come back as somebody else", async () => {
    await using store = await open();
    const first = stored(await store.createWorkload(object(), signal));
    assert.equal(await store.deleteWorkload(key, "0", signal), "conflict");
    assert.equal(await store.deleteWorkload(key, first.version, signal), undefined);
    assert.equal(await store.deleteWorkload(key, first.version, signal), "absent");
    assert.deepEqual(await store.updateWorkload(object(), first.version, signal), { ok: false, refusal: "absent" });
    assert.deepEqual(await store.updateCondition(key, { condition: condition(), version: first.version }, signal), { ok: false, refusal: "absent" });
    const again = stored(await store.createWorkload(object(), signal));
    assert.notEqual(again.value.uid, first.value.uid);
    assert.equal(await store.deleteWorkload(key, first.version, signal), "conflict");
  });

  it("are listed with the leases, each under its own name and namespace", async () => {
    await using store = await open();
    const keys = [key, { namespace: "shop", name: "orders-2" }, { namespace: "other", name: "orders-1" }];
    for (const one of keys) await store.createWorkload(object({ key: one }), signal);
    await store.createLease(lease(), signal);
    const { workloads, leases } = await store.list(signal);
    assert.deepEqual(workloads.map(({ value }) => renderKey(value.object.key)).sort(), ["other/orders-1", "shop/orders-1", "shop/orders-2"]);
    assert.deepEqual(leases, [await store.readLease(key, signal)]);
  });

  it("are not touched by a caller that has given up", async () => {
    await using store = await open();
    const aborted = AbortSignal.abort(new Error("given up"));
    await assert.rejects(store.createWorkload(object(), aborted), /given up/u);
    await assert.rejects(store.createLease(lease(), aborted), /given up/u);
    await assert.rejects(store.list(aborted), /given up/u);
    assert.deepEqual(await store.list(signal), { workloads: [], leases: [] });
  });
}

function describeLeases(open: () => Promise<Store>): void {
  it("are made once, change only from the version that the writer has seen, and forget the marks that are left out", async () => {
    await using store = await open();
    const marked = lease({ expiredAt: 1, drainingSince: 2, duplicateAt: 3, leaving: true });
    const first = stored(await store.createLease(marked, signal));
    assert.deepEqual((await store.readLease(key, signal))?.value, marked);
    assert.deepEqual(await store.createLease(lease(), signal), { ok: false, refusal: "exists" });
    const second = stored(await store.updateLease(lease(), first.version, signal));
    assert.deepEqual(await store.updateLease(lease({ epoch: 9 }), first.version, signal), { ok: false, refusal: "conflict" });
    assert.deepEqual(await store.readLease(key, signal), { value: lease(), version: second.version });
  });

  it("live apart from their workload", async () => {
    await using store = await open();
    const made = stored(await store.createLease(lease(), signal));
    assert.equal(await store.readWorkload(key, signal), undefined);
    const workload = stored(await store.createWorkload(object(), signal));
    await store.updateLease(lease({ epoch: 9 }), made.version, signal);
    assert.deepEqual(await store.readWorkload(key, signal), workload);
    assert.equal(await store.deleteWorkload(key, workload.version, signal), undefined);
    assert.equal((await store.readLease(key, signal))?.value.epoch, 9);
  });
}

function describeLeaseRaces(open: () => Promise<Store>): void {
  it("go only from the version that the writer has seen", async () => {
    await using store = await open();
    const first = stored(await store.createLease(lease(), signal));
    const second = stored(await store.updateLease(lease({ epoch: 9 }), first.version, signal));
    assert.equal(await store.deleteLease(key, first.version, signal), "conflict");
    assert.equal(await store.deleteLease(key, second.version, signal), undefined);
    assert.equal(await store.deleteLease(key, second.version, signal), "absent");
    assert.deepEqual(await store.updateLease(lease(), second.version, signal), { ok: false, refusal: "absent" });
  });

  it("have one winner when many renew from one version", async () => {
    await using store = await open();
    const first = stored(await store.createLease(lease(), signal));
    const results = await Promise.all(Array.from({ length: 20 }, (_, epoch) => store.updateLease(lease({ epoch }), first.version, signal)));
    const winners = results.flatMap((result) => (result.ok ? [result.stored] : []));
    assert.equal(winners.length, 1);
    assert.deepEqual(await store.readLease(key, signal), winners[0]);
  });
}

function describeWatch(open: () => Promise<Store>): void {
  it("are told from the call on, before anybody reads: every write, and no refused one", async () => {
    await using store = await open();
    await store.createWorkload(object({ key: { namespace: "shop", name: "before" } }), signal);
    const stop = new AbortController();
    const seen = store.watch(stop.signal);
    const made = stored(await store.createWorkload(object(), signal));
    const held = stored(await store.createLease(lease({ key: { namespace: "shop", name: "leased" } }), signal));
    await store.createWorkload(object(), signal);
    await store.updateWorkload(object(), "0", signal);
    await store.deleteLease({ namespace: "shop", name: "leased" }, held.version, signal);
    await store.deleteWorkload(key, made.version, signal);
    stop.abort();
    assert.deepEqual(new Set(await collect(seen)), new Set(["shop/orders-1", "shop/leased"]));
  });

  it("are told to everybody, to one who left nothing more, and end with the store", async () => {
    const store = await open();
    const [one, other] = [store.watch(signal), store.watch(signal)];
    await store.createWorkload(object(), signal);
    for await (const first of one) {
      assert.deepEqual(first, key);
      break;
    }
    await store[Symbol.asyncDispose]();
    assert.deepEqual([await collect(one), await collect(other)], [[], ["shop/orders-1"]]);
  });

  it("are not told to one who has given up already", async () => {
    await using store = await open();
    const seen = store.watch(AbortSignal.abort());
    await store.createWorkload(object(), signal);
    assert.deepEqual(await collect(seen), []);
  });
}

function stored<T>(written: Written<T>): { readonly value: T; readonly version: string } {
  assert.ok(written.ok, `refused: ${written.ok ? "" : written.refusal}`);
  return written.stored;
}

async function collect(keys: AsyncIterable<ObjectKey>): Promise<string[]> {
  const found: string[] = [];
  for await (const one of keys) found.push(renderKey(one));
  return found;
}

const step = fc.record({ kind: fc.constantFrom("create", "update", "condition", "delete"), name: fc.constantFrom("a", "b"), fresh: fc.boolean(), text: fc.string() });
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

async function assertLikeMap(store: Store, steps: readonly Step[]): Promise<void> {
  const map = new Map<string, { readonly group: string; readonly reason: string | undefined }>();
  for (const { kind, name, fresh, text } of steps) {
    const one = { namespace: "shop", name };
    const before = map.get(name);
    const version = fresh ? ((await store.readWorkload(one, signal))?.version ?? "0") : "0";
    const refusal = await take(store, { kind, key: one, version, text });
    const wanted = kind === "create" ? (before ? "exists" : undefined) : before === undefined ? "absent" : fresh ? undefined : "conflict";
    assert.equal(refusal, wanted);
    if (wanted !== undefined) continue;
    if (kind === "delete") map.delete(name);
    else map.set(name, kind === "condition" ? { group: before?.group ?? "", reason: text } : { group: text, reason: before?.reason });
  }
  const { workloads } = await store.list(signal);
  assert.deepEqual(new Map(workloads.map(({ value }) => [value.object.key.name, { group: value.object.group, reason: value.condition?.reason }])), map);
}

async function take(store: Store, { kind, key: one, version, text }: { readonly kind: Step["kind"]; readonly key: ObjectKey; readonly version: string; readonly text: string }): Promise<string | undefined> {
  if (kind === "delete") return store.deleteWorkload(one, version, signal);
  const made = object({ key: one, group: text });
  const written = kind === "create" ? await store.createWorkload(made, signal) : kind === "update" ? await store.updateWorkload(made, version, signal) : await store.updateCondition(one, { condition: condition({ reason: text }), version }, signal);
  return written.ok ? undefined : written.refusal;
}
