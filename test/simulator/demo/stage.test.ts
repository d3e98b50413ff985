import assert from "node:assert/strict";
import { planStage, type Capabilities } from "../../../src/simulator/demo/stage.ts";

const all: Capabilities = { root: true, mappedUsers: true, programs: { ip: true, nft: true, nsenter: true, setpriv: true, unshare: true } };

describe("planStage", () => {
  it("plays in namespaces as root", () => {
    assert.deepEqual(planStage({ ...all, mappedUsers: false }), { kind: "namespaces" });
  });

  it("enters a user namespace without root, if it can hold several uids", () => {
    assert.deepEqual(planStage({ ...all, root: false }), { kind: "user-namespace" });
  });

  it("stays on loopback otherwise and says which command would change that", () => {
    const noUsers = planStage({ ...all, root: false, mappedUsers: false });
    assert.equal(noUsers.kind, "loopback");
    assert.match(noUsers.kind === "loopback" ? noUsers.remedy : "", /uidmap/u);
    const noPrograms = planStage({ ...all, programs: { ...all.programs, nft: false, ip: false, unshare: false, nsenter: false } });
    assert.deepEqual(noPrograms, {
      kind: "loopback",
      why: "no network namespaces and redirect without ip, nft, nsenter, unshare",
      remedy: "apt-get install iproute2 nftables util-linux",
    });
  });
});
