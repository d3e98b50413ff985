import assert from "node:assert/strict";
import { MemoryStore } from "../../src/autoregistration/memory-store.ts";
import { object } from "./samples.ts";
import { describeStore } from "./store-conformance.ts";

describeStore("MemoryStore", async () => new MemoryStore(() => 1000));

describe("MemoryStore", () => {
  it("dates what it makes by the clock that it was given", async () => {
    const { signal } = new AbortController();
    let now = 1000;
    await using store = new MemoryStore(() => now);
    await store.createWorkload(object(), signal);
    now = 2000;
    await store.createWorkload(object({ key: { namespace: "shop", name: "later" } }), signal);
    const { workloads } = await store.list(signal);
    assert.deepEqual(workloads.map(({ value }) => value.createdAt), [1000, 2000]);
  });
});
