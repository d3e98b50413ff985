import assert from "node:assert/strict";
import { isAccessWanted, judgePlace, renderAccess, userOfService } from "../../../src/platform/win32/judge-place.ts";

const service = "S-1-5-80-1-2-3-4-5";
const somebody = "S-1-5-21-1-2-3-1001";

describe("folders and files that must be ours alone", () => {
  it("take nothing from above, and let in the system, administrators and their user", () => {
    assert.equal(renderAccess({ kind: "folder", user: service }, "installation"), `O:BAD:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1301bf;;;${service})`);
    assert.equal(renderAccess({ kind: "file", user: service }, "run"), `D:P(A;;FA;;;SY)(A;;FA;;;BA)(A;;0x12019f;;;${service})`);
    assert.equal(renderAccess({ kind: "folder", user: undefined }, "run"), "D:P(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)");
  });

  it("are a service account's by the SID of its name, and of nobody besides SYSTEM otherwise", () => {
    assert.match(userOfService({ name: "linkerd-proxy-harness", account: "own" }) ?? "", /^S-1-5-80(?:-\d+){5}$/u);
    assert.equal(userOfService({ name: "linkerd-proxy-harness", account: "system" }), undefined);
  });

  it("are refused where they lead elsewhere or belong to somebody else", () => {
    const facts = { reparse: false, owner: "S-1-5-18", protected: true };
    assert.deepEqual(
      [facts, { ...facts, owner: "S-1-5-32-544" }, { ...facts, owner: service }, { ...facts, owner: somebody }, { ...facts, owner: undefined }, { ...facts, reparse: true }]
        .map((seen) => judgePlace(seen, [service])),
      [undefined, undefined, undefined, `it belongs to ${somebody}`, "its owner cannot be read", "it leads somewhere else"],
    );
  });

  it("keep the rights that an installation gave them when somebody only runs", () => {
    const facts = { reparse: false, owner: "S-1-5-18", protected: true };
    assert.deepEqual(
      [isAccessWanted(facts, "run"), isAccessWanted({ ...facts, protected: false }, "run"), isAccessWanted(undefined, "run"), isAccessWanted(facts, "installation")],
      [false, true, true, true],
    );
  });
});
