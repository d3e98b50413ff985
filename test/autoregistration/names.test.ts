import assert from "node:assert/strict";
import fc from "fast-check";
import { isOwn, listNames, pickName, readConfigVersion, renderServerName, type NameSource } from "../../src/autoregistration/names.ts";
import type { StoredWorkload, Versioned } from "../../src/autoregistration/objects.ts";
import { group, workload } from "./samples.ts";

const source: NameSource = { group: { namespace: "shop", name: "orders" }, identity: "spiffe://td/vm/orders", instanceId: "a" };
const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/u);

describe("names", () => {
  it("are the group's name and the first digits of the hash, the same for ever", () => {
    // printf 'shop\0orders\0spiffe://td/vm/orders\0a' | sha256sum
    assert.deepEqual(listNames(source), ["orders-04889dea", "orders-04889deac121", "orders-04889deac1210664"]);
  });

  it("are DNS labels of at most 63 characters, whatever the group's name, and keep all digits of the hash", () => {
    fc.assert(fc.property(label, fc.string(), (name, instanceId) => {
      const names = listNames({ ...source, group: { namespace: "shop", name }, instanceId });
      return names.every((found, index) => /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/u.test(found) && found.split("-").at(-1)?.length === [8, 12, 16][index]);
    }));
    assert.equal(listNames({ ...source, group: { namespace: "shop", name: "a".repeat(63) } })[0]?.length, 63);
    assert.match(listNames({ ...source, group: { namespace: "shop", name: `${"a".repeat(53)}-bbbbbbbbb` } })[0] ?? "", /^a{53}-[0-9a-f]{8}$/u);
  });

  it("differ when any part of the source does, even where parts run together", () => {
    const others: readonly NameSource[] = [
      source,
      { ...source, identity: "spiffe://td/vm/order", instanceId: "sa" },
      { ...source, instanceId: "b" },
      { ...source, group: { namespace: "shop2", name: "orders" } },
    ];
    assert.equal(new Set(others.map((other) => listNames(other)[0])).size, others.length);
  });

  it("become server names that fit into a certificate and a ClientHello at the longest", () => {
    assert.equal(renderServerName({ namespace: "shop", name: "orders-0e340584" }, "cluster.local"), "orders-0e340584.shop.external.identity.linkerd.cluster.local");
    assert.ok(renderServerName({ namespace: "n".repeat(63), name: "w".repeat(63) }, "cluster.local").length <= 253);
  });
});

describe("pickName", () => {
  const [short = "", longer = "", longest = ""] = listNames(source);
  const own: Versioned<StoredWorkload> = { version: "1", value: workload({ group: "orders", identity: source.identity, instanceId: source.instanceId }) };
  const strange: Versioned<StoredWorkload> = { version: "1", value: workload({ identity: "spiffe://td/vm/other" }) };
  const rows: readonly (readonly [string, readonly (Versioned<StoredWorkload> | undefined)[], string | undefined])[] = [
    ["the shortest for a new machine", [undefined, undefined, undefined], short],
    ["its own again", [own, undefined, undefined], short],
    ["a longer one when a stranger has the shortest", [strange, undefined, undefined], longer],
    ["its own longer one, even after the stranger left", [undefined, own, undefined], longer],
    ["the longest at last", [strange, strange, undefined], longest],
    ["none when strangers have them all", [strange, strange, strange], undefined],
  ];
  for (const [title, held, picked] of rows) {
    it(`gives ${title}`, () => {
      assert.equal(pickName(source, new Map([short, longer, longest].map((name, index) => [name, held[index]]))), picked);
    });
  }

  it("takes nothing for its own that differs in namespace, group, identity or instance", () => {
    const mine = { group: "orders", identity: source.identity, instanceId: source.instanceId };
    assert.ok(isOwn(source, workload(mine)));
    assert.ok(!isOwn(source, undefined));
    for (const other of [{ group: "x" }, { identity: "x" }, { instanceId: "x" }, { key: { namespace: "x", name: short } }]) assert.ok(!isOwn(source, workload({ ...mine, ...other })));
  });
});

describe("readConfigVersion", () => {
  it("is the same for a group written in another order and another for another group", () => {
    const { key, ...rest } = group();
    assert.equal(readConfigVersion({ ...rest, key }), readConfigVersion(group()));
    assert.notEqual(readConfigVersion(group({ labels: { app: "other" } })), readConfigVersion(group()));
    assert.notEqual(readConfigVersion(group({ proxy: { clusterDomain: "other" } })), readConfigVersion(group()));
  });
});
