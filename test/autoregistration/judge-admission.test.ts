import assert from "node:assert/strict";
import fc from "fast-check";
import { judgeAddresses, judgeIdentity, judgeLabels, judgeRoom, type AddressOwner } from "../../src/autoregistration/judge-admission.ts";
import type { GroupAdmission } from "../../src/model/external-group.ts";
import { parseNetwork } from "../../src/model/settings/kinds/addresses.ts";
import { group } from "./samples.ts";

const admitting = (change: Partial<GroupAdmission>) => group({ admission: { ...group().admission, ...change } });
const cidrs = (...texts: readonly string[]) => admitting({ allowedCidrs: texts.map((text) => parseNetwork(text)).flatMap((parsed) => (parsed.ok ? [parsed.value] : [])) });
const owner = (live: boolean): AddressOwner => ({ address: "10.0.0.5", live });

// Identity, the group's patterns, the server's default: let in or not.
const identities: readonly (readonly [string, readonly string[] | undefined, readonly string[], boolean])[] = [
  ["spiffe://td/vm/orders", ["spiffe://td/vm/orders"], [], true],
  ["spiffe://td/vm/orders", ["spiffe://td/vm/*"], [], true],
  ["spiffe://td/vm/orders/a", ["spiffe://td/vm/*"], [], true],
  ["spiffe://td/vm/orders", ["spiffe://td/x", "spiffe://td/*"], [], true],
  ["spiffe://td/vm/a", ["spiffe://td/vm/*"], [], true],
  ["spiffe://td/vm", ["spiffe://td/vm/*"], [], false],
  ["spiffe://td/vm/", ["spiffe://td/vm/*"], [], false],
  ["spiffe://td/vmware/a", ["spiffe://td/vm/*"], [], false],
  ["spiffe://td2/vm/a", ["spiffe://td/*"], [], false],
  ["spiffe://td/vm/orders/a", ["spiffe://td/vm/orders"], [], false],
  ["spiffe://td/VM/orders", ["spiffe://td/vm/orders"], [], false],
  ["spiffe://td/vm/orders", [], ["spiffe://td/vm/*"], false],
  ["spiffe://td/vm/orders", undefined, ["spiffe://td/vm/*"], true],
  ["spiffe://td/vm/orders", undefined, ["spiffe://td/x"], false],
  ["spiffe://td/vm/orders", undefined, [], false],
];

// Addresses, and what comes of them: the canonical form, or the reason.
const addresses: readonly (readonly [readonly string[], readonly string[] | string])[] = [
  [["10.0.0.5"], ["10.0.0.5"]],
  [["10.0.0.5", "FD00:0::5"], ["10.0.0.5", "fd00::5"]],
  [["fd00::5"], ["fd00::5"]],
  [[], "ADDRESS_INVALID"],
  [["10.0.0.5", "10.0.0.6"], "ADDRESS_INVALID"],
  [["fd00::5", "fd00::6"], "ADDRESS_INVALID"],
  [["orders.example"], "ADDRESS_INVALID"],
  [["10.0.0.5:80"], "ADDRESS_INVALID"],
  [["fe80::1%eth0"], "ADDRESS_INVALID"],
  [["127.0.0.1"], "ADDRESS_INVALID"],
  [["::1"], "ADDRESS_INVALID"],
  [["0.0.0.0"], "ADDRESS_INVALID"],
  [["::"], "ADDRESS_INVALID"],
  [["169.254.1.1"], "ADDRESS_INVALID"],
  [["fe80::1"], "ADDRESS_INVALID"],
  [["224.0.0.1"], "ADDRESS_INVALID"],
  [["ff02::1"], "ADDRESS_INVALID"],
  [["255.255.255.255"], "ADDRESS_INVALID"],
  [["::ffff:10.0.0.5"], "ADDRESS_INVALID"],
  [["10.0.0.5", ""], "ADDRESS_INVALID"],
];

describe("judgeIdentity", () => {
  for (const [identity, own, defaults, allowed] of identities) {
    it(`${allowed ? "lets" : "does not let"} ${identity} into a group of ${own?.join(", ") ?? "nobody named"}${own === undefined ? `, default ${defaults.join(", ") || "none"}` : ""}`, () => {
      const refusal = judgeIdentity(identity, { group: admitting({ identities: own }), defaultIdentities: defaults });
      assert.equal(refusal?.reason, allowed ? undefined : "IDENTITY_NOT_ALLOWED");
    });
  }

  it("says where to look: at the group, at the server's default, or that nobody is named at all", () => {
    const message = (own: readonly string[] | undefined, defaults: readonly string[]) => judgeIdentity("spiffe://td/a", { group: admitting({ identities: own }), defaultIdentities: defaults })?.message;
    assert.equal(message(["spiffe://td/b"], []), "The group shop/orders does not let spiffe://td/a in: none of the 1 patterns in its spec.registration.identities matches.");
    assert.equal(message(undefined, ["spiffe://td/b"]), "The group shop/orders does not let spiffe://td/a in: it names no identities and none of the 1 patterns in the server's DEFAULT_GROUP_IDENTITIES matches.");
    assert.equal(message(undefined, []), "The group shop/orders does not let spiffe://td/a in: it names no identities, and the server's DEFAULT_GROUP_IDENTITIES is empty.");
  });
});

describe("judgeAddresses", () => {
  for (const [texts, wanted] of addresses) {
    it(`answers [${texts.join(", ")}] with ${typeof wanted === "string" ? wanted : wanted.join(", ")}`, () => {
      const judged = judgeAddresses(texts, group(), []);
      assert.deepEqual(judged.ok ? judged.addresses : judged.refusal.reason, wanted);
    });
  }

  it("keeps each address inside the group's networks", () => {
    const reason = (texts: readonly string[], ...networks: readonly string[]) => {
      const judged = judgeAddresses(texts, cidrs(...networks), []);
      return judged.ok ? "allowed" : `${judged.refusal.reason}: ${judged.refusal.message}`;
    };
    assert.equal(reason(["10.0.0.5"], "10.0.0.0/8"), "allowed");
    assert.equal(reason(["10.0.0.5", "fd00::5"], "10.0.0.0/8", "fd00::/8"), "allowed");
    assert.equal(reason(["11.0.0.5"], "10.0.0.0/8", "12.0.0.0/8"), "ADDRESS_NOT_ALLOWED: 11.0.0.5 is outside the networks that the group shop/orders allows: 10.0.0.0/8, 12.0.0.0/8.");
    assert.match(reason(["10.0.0.5", "fd00::5"], "10.0.0.0/8"), /^ADDRESS_NOT_ALLOWED: fd00::5 /u);
  });

  it("says of which family there is one too many", () => {
    const message = (texts: readonly string[]) => {
      const judged = judgeAddresses(texts, group(), []);
      return judged.ok ? "" : judged.refusal.message;
    };
    assert.match(message(["10.0.0.5", "10.0.0.6"]), /more than one IPv4 address/u);
    assert.match(message(["fd00::5", "fd00::6"]), /more than one IPv6 address/u);
  });

  it("quotes what is no address so that it cannot disguise the line in which it stands", () => {
    const judged = judgeAddresses(["10.0.0.5\u202e\u001b[31m\n\u00ad"], group(), []);
    assert.ok(!judged.ok && judged.refusal.message === '"10.0.0.5??[31m??" is not an IP address.');
  });

  it("gives an address to one living workload, and does not say to which", () => {
    const taken = judgeAddresses(["10.0.0.5"], group(), [owner(false), owner(true)]);
    assert.deepEqual(taken.ok || [taken.refusal.reason, taken.refusal.message], ["ADDRESS_IN_USE", "10.0.0.5 belongs to another living workload."]);
    assert.ok(judgeAddresses(["10.0.0.5"], group(), [owner(false)]).ok);
  });

  it("answers whatever it is given", () => {
    fc.assert(fc.property(fc.array(fc.oneof(fc.string(), fc.ipV4(), fc.ipV6())), (texts) => {
      const judged = judgeAddresses(texts, cidrs("10.0.0.0/8"), []);
      return judged.ok ? judged.addresses.length <= 2 : judged.refusal.message.length < 300;
    }));
  });
});

describe("judgeLabels and judgeRoom", () => {
  it("let a machine set only what the group names, and say which it may not", () => {
    assert.equal(judgeLabels({}, group()), undefined);
    assert.equal(judgeLabels({ tier: "db" }, group()), undefined);
    const refusal = judgeLabels({ tier: "db", app: "x", "a/b": "" }, group());
    assert.equal(refusal?.reason, "LABEL_NOT_ALLOWED");
    assert.equal(refusal.message, "The group shop/orders does not let a machine set a/b, app: not in its spec.registration.allowedLabels.");
  });

  it("count machines up to the group's number", () => {
    assert.equal(judgeRoom(1_000_000, group()), undefined);
    assert.equal(judgeRoom(2, admitting({ maxWorkloads: 3 })), undefined);
    assert.equal(judgeRoom(3, admitting({ maxWorkloads: 3 }))?.reason, "GROUP_FULL");
  });
});
