import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeEndpoint } from "../../src/linkerd/addresses.ts";
import type { Update } from "../../src/linkerd/generated/destination.ts";
import type { MeshedEndpoint } from "../../src/linkerd/outbound-policy.ts";
import { planUpdates } from "../../src/simulator/plan-updates.ts";

function endpoint(last: number, identity = `vm-${last}.test`): MeshedEndpoint {
  return { ip: `10.0.0.${last}`, port: 8080, identity, serverName: identity, inboundPort: 4143, http2: true };
}

/** What a proxy knows after it was told so, by address: as linkerd2-proxy takes the updates. */
function apply(before: ReadonlyMap<string, string>, updates: readonly Update[]): ReadonlyMap<string, string> {
  const known = new Map(before);
  for (const { update } of updates) {
    if (update?.$case === "noEndpoints") known.clear();
    if (update?.$case === "remove") for (const addr of update.value.addrs) known.delete(decodeEndpoint(addr)?.ip ?? "");
    if (update?.$case === "add") for (const { addr, tlsIdentity } of update.value.addrs) known.set(decodeEndpoint(addr)?.ip ?? "", tlsIdentity?.serverName?.name ?? "");
  }
  return known;
}

function kinds(updates: readonly Update[]): readonly (string | undefined)[] {
  return updates.map(({ update }) => update?.$case);
}

describe("simulator: planUpdates", () => {
  it("tells a new stream what there is, also nothing", () => {
    assert.deepEqual(kinds(planUpdates(undefined, [endpoint(1)])), ["add"]);
    // That it exists: a proxy that heard otherwise would ask somebody else.
    assert.deepEqual(planUpdates(undefined, []), [{ update: { $case: "noEndpoints", value: { exists: true } } }]);
  });

  it("tells nothing where nothing changed", () => {
    assert.deepEqual(planUpdates([endpoint(1)], [endpoint(1)]), []);
    assert.deepEqual(planUpdates([], []), []);
  });

  it("adds what is new before it removes what is gone", () => assert.deepEqual(kinds(planUpdates([endpoint(1)], [endpoint(2)])), ["add", "remove"]));

  it("tells an endpoint again that became somebody else", () => assert.deepEqual(kinds(planUpdates([endpoint(1)], [endpoint(1, "other.test")])), ["add"]));

  it("leaves a proxy with exactly the endpoints of now, whatever it knew", () => {
    const some = fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 5 }), fc.constantFrom("a.test", "b.test")), { selector: ([last]) => last });
    fc.assert(fc.property(fc.array(some, { minLength: 1 }), (history) => {
      let told: readonly MeshedEndpoint[] | undefined;
      let known: ReadonlyMap<string, string> = new Map();
      for (const now of history.map((list) => list.map(([last, identity]) => endpoint(last, identity)))) {
        known = apply(known, planUpdates(told, now));
        told = now;
        assert.deepEqual([...known].toSorted(), now.map(({ ip, identity }) => [ip, identity]).toSorted());
      }
    }));
  });
});
