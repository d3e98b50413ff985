import assert from "node:assert/strict";
import { planFile, planGroups, type GroupFile } from "../../src/autoregistration/plan-groups.ts";
import type { ExternalGroup } from "../../src/model/external-group.ts";
import { group } from "./samples.ts";

const named = (name: string, others: Partial<ExternalGroup> = {}): ExternalGroup => group({ key: { namespace: "shop", name }, ...others });
const namesOf = ({ groups }: Pick<GroupFile, "groups">): readonly string[] => groups.map(({ key }) => key.name);

describe("a group file", () => {
  const before: GroupFile = { name: "a.yaml", groups: [named("one"), named("two")], problems: [] };

  it("has what it says while nothing is wrong with it", () => {
    assert.deepEqual(namesOf(planFile({ groups: [named("one")], problems: [] }, before, "a.yaml")), ["one"]);
  });

  it("keeps what it said before while something is wrong with it, but for what it says anew", () => {
    const next = planFile({ groups: [named("two", { labels: { a: "b" } })], problems: ["document 1: is no YAML"] }, before, "a.yaml");
    assert.deepEqual([namesOf(next), next.groups[0]?.labels, next.problems], [["two", "one"], { a: "b" }, ["document 1: is no YAML"]]);
  });

  it("that was never good has nothing", () => {
    assert.deepEqual(planFile({ groups: [], problems: ["is not a file"] }, undefined, "b.yaml"), { name: "b.yaml", groups: [], problems: ["is not a file"] });
  });
});

describe("the groups of all files", () => {
  it("are the first file's where two claim one, and each file that lost is told", () => {
    const files: readonly GroupFile[] = [
      { name: "a.yaml", groups: [named("one", { labels: { from: "a" } })], problems: [] },
      { name: "b.yaml", groups: [named("one"), named("two")], problems: ["odd"] },
    ];
    const { groups, troubles } = planGroups(files, new Map());
    assert.deepEqual([[...groups.keys()], groups.get("shop/one")?.labels], [["shop/one", "shop/two"], { from: "a" }]);
    assert.deepEqual(troubles, [{ file: "b.yaml", problems: ["odd", "group shop/one is in a.yaml too: the first holds"] }]);
    const twice = planGroups([{ name: "a.yaml", groups: [named("one"), named("one")], problems: [] }], new Map());
    assert.deepEqual(twice.troubles, [{ file: "a.yaml", problems: ["group shop/one is in this file twice: the first holds"] }]);
  });

  it("are the objects of before where they say the same", () => {
    const before = new Map([["shop/one", named("one")], ["shop/two", named("two")]]);
    const { groups } = planGroups([{ name: "a", groups: [named("one"), named("two", { labels: { a: "b" } })], problems: [] }], before);
    assert.equal(groups.get("shop/one"), before.get("shop/one"));
    assert.notEqual(groups.get("shop/two"), before.get("shop/two"));
  });
});
