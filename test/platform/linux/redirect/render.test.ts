import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { judgeDrift, judgeMode } from "../../../../src/platform/linux/nft-drift.ts";
import { parseListing } from "../../../../src/platform/linux/nft-listing.ts";
import { parseAbout, renderAbout, renderTable, renderTransaction } from "../../../../src/platform/linux/nft-render.ts";
import { planTable } from "../../../../src/platform/linux/nft-table.ts";
import { plans } from "./plans.ts";

const usual = plans["usual"] ?? assert.fail();

describe("redirect: text of the table", () => {
  for (const [name, plan] of Object.entries(plans)) {
    it(`is what a reviewer has seen: ${name}`, () => {
      const path = `test/golden/nft/${name}.nft`;
      if (process.env["UPDATE_GOLDEN"] !== undefined) writeFileSync(path, renderTable(plan));
      assert.equal(renderTable(plan), readFileSync(path, "utf8"));
    });
  }

  it("gives every rule a reason that nft takes as a comment", () => {
    for (const rule of planTable(usual).rules) {
      assert.match(rule.comment, /^[a-z-]+: [^"]{10,}$/);
      assert.ok(Buffer.byteLength(rule.comment) < 128, rule.comment);
    }
  });

  it("names the sets the same in every plan, so that a replacement leaves no set behind", () => {
    const names = (name: string): string[] => planTable(plans[name] ?? assert.fail()).sets.map((set) => set.name);
    for (const name of Object.keys(plans)) assert.deepEqual(names(name), names("usual"));
  });

  it("is one transaction on one line, without comments or tabs", () => {
    const line = renderTransaction(renderTable(usual));
    assert.doesNotMatch(line, /[\n\t#]/);
    assert.equal(line.split("; add rule ").length - 1, planTable(usual).rules.length + 1);
  });

  const holders = fc.tuple(fc.nat(), fc.nat()).map(([process, revision]) => ({ process, revision }));
  it("says of itself what can be read back", () => {
    fc.assert(fc.property(fc.nat(), fc.constantFrom("redirect" as const, "refuse" as const), fc.option(holders, { nil: undefined }), (layout, mode, holder) => {
      assert.deepEqual(parseAbout(renderAbout({ layout, mode, holder })), { layout, mode, holder });
    }));
    assert.equal(parseAbout("somebody's table"), undefined);
  });
});

describe("redirect: what nft lists", () => {
  // Printed by nft 1.0.6 (Debian 12) for the plan `usual`, held by process 4711.
  const printed = readFileSync("test/golden/nft/listing-1.0.6.json", "utf8");

  it("is read as the table that was written", () => {
    const found = parseListing(printed);
    assert.deepEqual(found.about, { layout: 1, mode: "redirect", holder: { process: 4711, revision: 1 } });
    assert.equal(judgeMode(found), "redirect");
    assert.deepEqual(judgeDrift(usual, found), []);
  });

  it("shows a rule that we never write as it is", () => {
    const strange = printed.replace(`{"redirect": {"port": 4140}}`, `{"counter": {"packets": 1}}`);
    assert.notEqual(strange, printed);
    const drift = judgeDrift(usual, parseListing(strange));
    assert.equal(drift.length, 2);
    assert.match(drift[0] ?? "", /^rule missing: in outbound: .* redirect to :4140$/);
    assert.match(drift[1] ?? "", /^rule not expected: in outbound: .* \{"counter":\{"packets":1\}\}$/);
  });

  it("shows that nobody holds the table", () => {
    const loose = printed.replace(/, "flags": "[a-z0-9_]+"\}\}/, "}}");
    assert.notEqual(loose, printed);
    assert.deepEqual(judgeDrift(usual, parseListing(loose)), ["no process holds the table: it would outlive the program that made it"]);
  });

  it("shows another layout, another order and a missing chain", () => {
    const older = printed.replace("layout 1,", "layout 0,");
    assert.deepEqual(judgeDrift(usual, parseListing(older)), ["the table has layout 0, this program writes layout 1"]);
    const found = parseListing(printed);
    assert.deepEqual(judgeDrift(usual, { ...found, rules: found.rules.toReversed() }), ["the rules are the expected ones in another order"]);
    const lost = { ...found, chains: found.chains.filter((chain) => chain.name !== "guard_inbound"), sets: found.sets.slice(1) };
    assert.deepEqual(judgeDrift(usual, lost), [
      "chain missing: guard_inbound (filter at prerouting, priority -99)", "set outbound_loopback_v4 is missing",
    ]);
  });

  it("shows a set that is not expected, when it holds anything", () => {
    const found = parseListing(printed);
    const stale = { name: "old", type: "inet_service", ranges: [{ from: 1n, to: 1n }] } as const;
    assert.deepEqual(judgeDrift(usual, { ...found, sets: [...found.sets, stale] }), ["set old is not expected"]);
    assert.deepEqual(judgeDrift(usual, { ...found, sets: [...found.sets, { ...stale, ranges: [] }] }), []);
  });

  it("takes the mode from the rules, and from what the table says only when there are none", () => {
    const found = parseListing(printed);
    const without = found.rules.filter((rule) => !rule.text.includes("redirect to"));
    assert.equal(judgeMode({ ...found, rules: without }), "refuse");
    assert.equal(judgeMode({ ...found, rules: [], about: { layout: 1, mode: "refuse", holder: undefined } }), "refuse");
  });

  it("is refused when it is not what nft prints", () => {
    assert.throws(() => parseListing("{}"));
    assert.throws(() => parseListing("not JSON"));
  });
});
