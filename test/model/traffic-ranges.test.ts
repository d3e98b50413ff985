import assert from "node:assert/strict";
import fc from "fast-check";
import { mergeRanges, networkNumbers, portNumbers, renderRange, subtractRanges, type Range } from "../../src/model/traffic-ranges.ts";

// Small numbers, so that ranges often overlap and touch.
const range = fc.tuple(fc.bigInt(0n, 40n), fc.bigInt(0n, 6n)).map(([from, length]): Range => ({ from, to: from + length }));
const ranges = fc.array(range, { maxLength: 8 });

function numbers(all: readonly Range[]): Set<bigint> {
  return new Set(all.flatMap(({ from, to }) => Array.from({ length: Number(to - from) + 1 }, (_, index) => from + BigInt(index))));
}

describe("ranges", () => {
  it("merged cover the same numbers, in order, with a gap between each", () => {
    fc.assert(fc.property(ranges, (all) => {
      const merged = mergeRanges(all);
      assert.deepEqual([...numbers(merged)].sort(), [...numbers(all)].sort());
      merged.slice(1).forEach((one, index) => assert.ok(one.from > (merged[index]?.to ?? one.from) + 1n));
    }));
  });

  it("subtracted leave what is in one and not in the other", () => {
    fc.assert(fc.property(ranges, ranges, (all, others) => {
      assert.deepEqual(numbers(subtractRanges(all, others)), new Set([...numbers(mergeRanges(all))].filter((one) => !numbers(others).has(one))));
    }));
  });

  it("are read from ports and networks", () => {
    assert.deepEqual(portNumbers({ from: 5985, to: 5986 }), { from: 5985n, to: 5986n });
    assert.deepEqual(networkNumbers({ family: 4, address: "10.1.2.3", prefix: 8 }), { from: 0x0a000000n, to: 0x0affffffn });
    assert.equal(networkNumbers({ family: 6, address: "10.1.2.3", prefix: 8 }), undefined);
    assert.equal(networkNumbers({ family: 4, address: "ten", prefix: 8 }), undefined);
  });

  it("are written as numbers, networks where they are one, else both ends", () => {
    assert.equal(renderRange({ from: 22n, to: 22n }, "port"), "22");
    assert.equal(renderRange({ from: 8000n, to: 8010n }, "port"), "8000-8010");
    assert.equal(renderRange({ from: 0x0a000000n, to: 0x0affffffn }, 4), "10.0.0.0/8");
    assert.equal(renderRange({ from: 0x0a000001n, to: 0x0a000001n }, 4), "10.0.0.1");
    assert.equal(renderRange({ from: 0x0a000001n, to: 0x0a000002n }, 4), "10.0.0.1-10.0.0.2");
    assert.equal(renderRange({ from: 0xfe80n << 112n, to: (0xfe80n << 112n) + (1n << 64n) - 1n }, 6), "fe80::/64");
  });

  it("written as networks are the networks they were read from", () => {
    const network = fc.tuple(fc.constantFrom(4 as const, 6 as const), fc.nat(32)).map(([family, prefix]) => ({
      family, address: family === 4 ? "203.0.113.77" : "2001:db8::77", prefix,
    }));
    fc.assert(fc.property(network, (one) => {
      const read = networkNumbers(one) ?? assert.fail();
      const [address = "", prefix = one.family === 4 ? "32" : "128"] = renderRange(read, one.family).split("/");
      assert.deepEqual(networkNumbers({ family: one.family, address, prefix: Number(prefix) }), read);
    }));
  });
});
