import assert from "node:assert/strict";
import type { ActiveRedirect, RedirectPlan } from "../../../../src/model/traffic.ts";
import { nftRedirector } from "../../../../src/platform/linux/redirector.ts";
import { skipUnless } from "../../../support/skip.ts";
import { addresses, inside, Lab, missing, nft, plan, toolsIn, users, type Agent } from "./lab.ts";

const { machine, peer } = addresses;

describe("redirect: packets", function () {
  const reason = missing();
  skipUnless("redirect-packets", reason === undefined, reason ?? "");
  this.timeout(20_000);
  let lab: Lab;
  let application: Agent;
  let proxy: Agent;
  let far: Agent;

  before(async () => {
    lab = new Lab("pkt");
    [application, proxy, far] = await Promise.all([
      lab.agent(lab.machine, users.application), lab.agent(lab.machine, users.mesh), lab.agent(lab.peer, 0),
    ]);
    await proxy.listen("127.0.0.1", 4140);
    await proxy.listen("::1", 4140);
    await proxy.listen("::", 4143, 4191);
    await application.listen("::", 8080, 9000, 2222);
    await far.listen("::", 8080, 8081, 8082, 8083, 22, 389);
  });
  after(async () => { await lab?.[Symbol.asyncDispose](); });

  async function on(changes: Partial<RedirectPlan> = {}): Promise<ActiveRedirect> {
    return await nftRedirector(toolsIn(inside(lab.machine))).enable({ ...plan, ...changes }, AbortSignal.timeout(5_000));
  }

  it("leaves the machine alone while it is off", async () => {
    assert.match(await application.dial(peer.v4, 8080), /^at 8080/);
    assert.match(await far.dial(machine.v4, 8080), /^at 8080/);
  });

  it("sends what a process dials to the proxy, which sees where it was meant to go", async () => {
    await using _active = await on();
    assert.equal(await application.dial(peer.v4, 8080), "at 4140 for 10.77.0.2:8080");
    assert.equal(await application.dial(peer.v6, 8080), "at 4140 for [fd77::2]:8080");
    assert.equal(await application.dial("192.0.2.1", 443), "at 4140 for 192.0.2.1:443");
  });

  it("sends what arrives for the mesh address to the proxy, which sees which port was meant", async () => {
    await using _active = await on();
    assert.equal(await far.dial(machine.v4, 8080), "at 4143 for 10.77.0.1:8080");
    assert.equal(await far.dial(machine.v6, 8080), "at 4143 for [fd77::1]:8080");
  });

  const exemptOutbound = [
    ["the proxy's own user", () => proxy.dial(peer.v4, 8080), /^at 8080/],
    ["the proxy's own user, IPv6", () => proxy.dial(peer.v6, 8080), /^at 8080/],
    ["loopback", () => application.dial("127.0.0.1", 8080), /^at 8080/],
    ["loopback, IPv6", () => application.dial("::1", 8080), /^at 8080/],
    ["this machine's own address", () => application.dial(machine.v4, 8080), /^at 8080/],
    ["this machine's own address, IPv6", () => application.dial(machine.v6, 8080), /^at 8080/],
    ["link-local", () => application.dial(peer.linkLocal, 8080), /^at 8080/],
    ["an ignored port", () => application.dial(peer.v4, 8081), /^at 8081/],
    ["the last port of an ignored range", () => application.dial(peer.v6, 8082), /^at 8082/],
    ["an ignored network", () => application.dial(peer.ignored, 8080), /^at 8080/],
    ["SSH", () => application.dial(peer.v4, 22), /^at 22/],
    ["LDAP", () => application.dial(peer.v4, 389), /^at 389/],
  ] as const;
  for (const [what, dial, met] of exemptOutbound) {
    it(`does not capture outbound: ${what}`, async () => {
      await using _active = await on();
      assert.match(await dial(), met);
      // The same destination kind without the exemption is captured, so the exemption is what let it through.
      assert.match(await application.dial(peer.v4, 8083), /^at 4140/);
    });
  }

  it("does not capture inbound: an ignored port, the proxy's admin port, another address of the machine", async () => {
    await using _active = await on();
    assert.match(await far.dial(machine.v4, 9000), /^at 9000/);
    assert.match(await far.dial(machine.v4, 4191), /^at 4191/);
    assert.match(await far.dial(machine.other, 8080), /^at 8080/);
    assert.match(await far.dial(machine.v4, 2222), /^at 4143/);
  });

  it("gives a direct connection to the proxy's inbound port its own address as original destination", async () => {
    await using _active = await on({ captureInbound: false, captureOutbound: false });
    assert.equal(await far.dial(machine.v4, 4143), "at 4143 for 10.77.0.1:4143");
    assert.equal(await far.dial(machine.v6, 4143), "at 4143 for [fd77::1]:4143");
    assert.match(await application.dial(peer.v4, 8080), /^at 8080/);
  });

  it("leaves a family alone in which the proxy does not listen", async () => {
    await using _active = await on({ outboundFamilies: [4] });
    assert.match(await application.dial(peer.v6, 8080), /^at 8080/);
    assert.match(await application.dial(peer.v4, 8080), /^at 4140/);
  });

  for (const mode of ["redirect", "refuse"] as const) {
    it(`never touches inbound SSH, whatever the lists say (${mode})`, async () => {
      const ssh = await lab.agent(lab.machine, 0);
      await ssh.listen("::", 22);
      await using _active = await on({ mode, inboundPortsToIgnore: [] });
      assert.match(await far.dial(machine.v4, 22), /^at 22/);
      assert.match(await far.dial(machine.v6, 22), /^at 22/);
      await ssh[Symbol.asyncDispose]();
    });
  }

  it("refuse answers captured connections with a reset, at once, and nothing else", async () => {
    await using _active = await on({ mode: "refuse" });
    const started = performance.now();
    assert.equal(await application.dial(peer.v4, 8080), "ECONNREFUSED");
    assert.equal(await application.dial(peer.v6, 8080), "ECONNREFUSED");
    assert.equal(await far.dial(machine.v4, 8080), "ECONNREFUSED");
    assert.equal(await far.dial(machine.v6, 8080), "ECONNREFUSED");
    assert.ok(performance.now() - started < 1_000, "a refusal takes no timeout");
    assert.match(await application.dial(peer.v4, 8081), /^at 8081/);
    assert.match(await proxy.dial(peer.v4, 8080), /^at 8080/);
    assert.match(await far.dial(machine.v4, 9000), /^at 9000/);
    assert.match(await far.dial(machine.v4, 4143), /^at 4143/);
  });

  it("leaves connections that were open before as they are, on and off", async () => {
    const out = await application.hold(peer.v4, 8080);
    const back = await far.hold(machine.v4, 8080);
    assert.match(out.met, /^at 8080/);
    assert.match(back.met, /^at 8080/);
    {
      await using active = await on();
      assert.deepEqual([await out.stillHere(), await back.stillHere()], ["still here", "still here"]);
      await active.replace({ ...plan, mode: "refuse" }, AbortSignal.timeout(5_000));
      assert.deepEqual([await out.stillHere(), await back.stillHere()], ["still here", "still here"]);
    }
    assert.deepEqual([await out.stillHere(), await back.stillHere()], ["still here", "still here"]);
  });

  describe("beside a translation of somebody else's", () => {
    before(() => {
      nft(lab.machine, `add table ip other; add chain ip other output { type nat hook output priority -100; };
        add rule ip other output ip daddr ${peer.v4} tcp dport 8081 dnat to ${peer.v4}:8083;
        add rule ip other output ip daddr 192.0.2.9 tcp dport 8080 dnat to ${peer.v4}:8083`);
    });
    after(() => { nft(lab.machine, "delete table ip other"); });

    it("exempts what was dialled, not what it was translated to", async () => {
      assert.match(await application.dial(peer.v4, 8081), /^at 8083/);
      await using _active = await on();
      assert.match(await application.dial(peer.v4, 8081), /^at 8083/);
    });

    it("decides first, and refuses what that translation would let out", async () => {
      assert.match(await application.dial("192.0.2.9", 8080), /^at 8083/);
      await using active = await on();
      assert.equal(await application.dial("192.0.2.9", 8080), "at 4140 for 192.0.2.9:8080");
      await active.replace({ ...plan, mode: "refuse" }, AbortSignal.timeout(5_000));
      assert.equal(await application.dial("192.0.2.9", 8080), "ECONNREFUSED");
    });
  });

  it("lets nothing out past the proxy while it is replaced under a steady stream of new connections", async () => {
    await using active = await on();
    const calm = await application.storm(peer.v4, 8080);
    for (let round = 0; round < 20; round += 1) {
      await active.replace({ ...plan, mode: "refuse" }, AbortSignal.timeout(5_000));
      await active.replace({ ...plan, outboundNetworksToIgnore: networks(round * 5) }, AbortSignal.timeout(5_000));
    }
    const counts = await calm();
    const { "at 4140 for 10.77.0.2:8080": captured = 0, ECONNREFUSED: refused = 0, ...escaped } = counts;
    assert.deepEqual(escaped, {});
    assert.ok(captured > 50 && refused > 0, JSON.stringify(counts));
  });

  it("captures every connection while it is replaced by another redirect", async () => {
    await using active = await on();
    const calm = await application.storm(peer.v6, 8080);
    for (let round = 0; round < 20; round += 1) {
      await active.replace({ ...plan, outboundNetworksToIgnore: networks(round * 5) }, AbortSignal.timeout(5_000));
    }
    const { "at 4140 for [fd77::2]:8080": captured = 0, ...others } = await calm();
    assert.deepEqual(others, {});
    assert.ok(captured > 50);
  });

  it("leaves no table when it is disposed", async () => {
    const active = await on();
    await active[Symbol.asyncDispose]();
    assert.equal(nft(lab.machine, "list", "ruleset").stdout, "");
    assert.match(await application.dial(peer.v4, 8080), /^at 8080/);
  });
});

function networks(count: number): RedirectPlan["outboundNetworksToIgnore"] {
  return Array.from({ length: count }, (_, index) => ({ family: 4, address: `198.18.${index}.0`, prefix: 24 }));
}
