import assert from "node:assert/strict";
import { renderExternalWorkload } from "../../src/autoregistration/render-workload.ts";
import { Leader } from "./leader.ts";
import { openGroup, ServiceLab } from "./service-lab.ts";
import { openFleet, WireMachine } from "./wire-machine.ts";

const { signal } = new AbortController();
const { admission } = openGroup();

describe("a group that is edited while its machines live, over the wire", () => {
  it("no longer lets an identity in: not ready at once, refused but never taken for dead, ready with its next call when it may again", async () => {
    await using lab = await ServiceLab.open();
    const service = await lab.service();
    const [machine] = await openFleet(lab, service, 1);
    const leader = await Leader.lead(service);
    lab.groupMap.set("shop/orders", openGroup({ admission: { ...admission, identities: ["spiffe://elsewhere/*"] } }));
    for (let call = 0; call < 9; call += 1) {
      assert.deepEqual([await machine!.renew(service), machine!.retryAfter, await lab.condition(machine!.name)], ["IDENTITY_NOT_ALLOWED", 60_000, "False NotAdmitted"]);
      await leader.rounds(lab, 2);
    }
    assert.deepEqual(leader.lines, []);
    lab.groupMap.set("shop/orders", openGroup());
    assert.deepEqual([await machine!.renew(service), await lab.condition(machine!.name)], ["ok", "True Ready"]);
  });

  it("allows other networks: the machine hears of it, is refused when it registers, and is ready again when the edit is taken back", async () => {
    await using lab = await ServiceLab.open();
    const service = await lab.service();
    const [machine] = await openFleet(lab, service, 1);
    lab.groupMap.set("shop/orders", openGroup({ admission: { ...admission, allowedCidrs: [{ family: 4, address: "192.168.0.0", prefix: 16 }] } }));
    assert.deepEqual([await machine!.renew(service), machine!.renewed?.configChanged], ["ok", true]);
    assert.deepEqual([await machine!.register(service), await lab.condition(machine!.name)], ["ADDRESS_NOT_ALLOWED", "False NotAdmitted"]);
    assert.deepEqual([await machine!.renew(service), await lab.condition(machine!.name)], ["ADDRESS_NOT_ALLOWED", "False NotAdmitted"], "nor does renewing make it ready");
    lab.groupMap.set("shop/orders", openGroup());
    assert.deepEqual([await machine!.renew(service), machine!.renewed?.configChanged, await lab.condition(machine!.name)], ["ok", false, "True Ready"]);
  });

  it("has other labels, ports and probe: rounds lay them on the workload, the machine is told, nobody's readiness changes", async () => {
    await using lab = await ServiceLab.open();
    const service = await lab.service();
    const machines = await openFleet(lab, service, 3);
    const leader = await Leader.lead(service);
    const probe = { action: { kind: "tcpSocket", host: "127.0.0.1", port: 8080 }, initialDelaySeconds: 0, periodSeconds: 5, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 3 } as const;
    lab.groupMap.set("shop/orders", openGroup({ labels: { app: "new" }, ports: [{ name: "http", port: 9090, protocol: "TCP" }], probe }));
    await leader.round(lab);
    assert.deepEqual(leader.lines.toSorted(), machines.map(({ name }) => `edit ${name}`).toSorted());
    for (const machine of machines) {
      assert.deepEqual([await machine.renew(service), machine.renewed?.configChanged], ["ok", true]);
      assert.deepEqual([await machine.register(service, { health: machine.renewAsk().health }), machine.joined?.probe, machine.joined?.ports], ["ok", probe, [{ name: "http", port: 9090, protocol: "TCP" }]]);
      assert.deepEqual([await machine.renew(service), machine.renewed?.configChanged, await lab.condition(machine.name)], ["ok", false, "True Ready"]);
    }
    await leader.round(lab);
    assert.equal(leader.lines.length, 3, "each once");
  });
});

describe("what a group does not allow, over the wire", () => {
  it("one machine more than it has room for: told when to ask again, and let in when one has left", async () => {
    await using lab = await ServiceLab.open();
    const service = await lab.service();
    lab.groupMap.set("shop/orders", openGroup({ admission: { ...admission, maxWorkloads: 2 } }));
    const [first] = await openFleet(lab, service, 2);
    const late = await WireMachine.make(lab);
    assert.deepEqual([await late.register(service), late.retryAfter], ["GROUP_FULL", 60_000]);
    assert.equal(await first!.register(service), "ok", "who is in stays in");
    assert.equal(await first!.leave(service, "drain"), "ok");
    assert.equal(await late.register(service), "ok");
  });

  it("a label of the machine's own that it does not name; one that it names is taken", async () => {
    await using lab = await ServiceLab.open();
    const service = await lab.service();
    const machine = await WireMachine.make(lab);
    assert.equal(await machine.register(service, { labels: { app: "payments" } }), "LABEL_NOT_ALLOWED");
    assert.equal(await machine.register(service, { labels: { tier: "no label value!" } }), "REQUEST_INVALID");
    assert.deepEqual(await lab.store.list(signal), { workloads: [], leases: [] });
    assert.equal(await machine.register(service, { labels: { tier: "gold" } }), "ok");
    assert.deepEqual((await lab.store.readWorkload({ namespace: "shop", name: machine.name }, signal))?.value.object.labels, { app: "orders", tier: "gold" });
  });

  it("nothing about the proxy's port: one that is not Linkerd's is published under its name, or no peer would find it", async () => {
    await using lab = await ServiceLab.open();
    const service = await lab.service();
    const machine = await WireMachine.make(lab);
    assert.equal(await machine.register(service, { inboundPort: 14_143 }), "ok");
    const stored = await lab.store.readWorkload({ namespace: "shop", name: machine.name }, signal);
    assert.deepEqual(renderExternalWorkload(stored!.value.object).spec.ports, [{ name: "http", port: 8080, protocol: "TCP" }, { name: "linkerd-proxy", port: 14_143, protocol: "TCP" }]);
  });
});
