import assert from "node:assert/strict";
import fc from "fast-check";
import { parseInstanceFile, planInstance, renderInstanceFile } from "../../src/harness/instance-file.ts";

const instance = { id: "0b6a3f4e-7f0e-4c55-9f42-0a6d3f2c1b00", machine: "m", epoch: 4 };

describe("the file of the instance", () => {
  it("is read as it was written", () => assert.deepEqual(parseInstanceFile(renderInstanceFile(instance)), { kind: "good", instance }));

  for (const [what, text, kind] of [
    ["empty", "", "damaged"], ["torn", renderInstanceFile(instance).slice(0, -20), "damaged"], ["a list", "[]", "damaged"], ["null", "null", "damaged"],
    ["without a version", JSON.stringify(instance), "damaged"], ["epoch 0", JSON.stringify({ version: 1, ...instance, epoch: 0 }), "damaged"],
    ["no UUID", JSON.stringify({ version: 1, ...instance, id: "x" }), "damaged"], ["a later version", '{"version":2}', "newer"],
  ] as const) {
    it(`${what}: ${kind}`, () => assert.equal(parseInstanceFile(text).kind, kind));
  }

  it("never crashes the reader", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.json()), (text) => assert.ok(["good", "damaged", "newer"].includes(parseInstanceFile(text).kind))));
  });

  it("goes on with a higher epoch, and begins anew on another machine or none before", () => {
    assert.deepEqual(planInstance(instance, "m", "new"), { ...instance, epoch: 5 });
    assert.deepEqual(planInstance(instance, "clone", "new"), { id: "new", machine: "clone", epoch: 1 });
    assert.deepEqual(planInstance(undefined, "m", "new"), { id: "new", machine: "m", epoch: 1 });
  });
});
