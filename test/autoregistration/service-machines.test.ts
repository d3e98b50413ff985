import assert from "node:assert/strict";
import { Leader } from "./leader.ts";
import { openGroup, ServiceLab, trust, type Service } from "./service-lab.ts";
import { WireMachine, type MachineWish } from "./wire-machine.ts";

const { signal } = new AbortController();

async function joined(lab: ServiceLab, service: Service, wish: MachineWish = {}): Promise<WireMachine> {
  const machine = await WireMachine.make(lab, wish);
  assert.deepEqual([await machine.register(service), await machine.renew(service)], ["ok", "ok"]);
  return machine;
}

async function addressesOf({ store }: ServiceLab, { name }: WireMachine): Promise<readonly string[]> {
  return (await store.readWorkload({ namespace: "shop", name }, signal))?.value.object.addresses ?? [];
}

describe("a machine's addresses, over the wire", () => {
  it("change with the machine: one workload, the new address, both families, in canonical form", async () => {
    await using lab = await ServiceLab.open();
    const service = await lab.service();
    const machine = await joined(lab, service);
    const { name } = machine;
    machine.addresses = ["10.0.9.9", "FD00:0:0::9"];
    assert.equal(await machine.renew(service), "ok");
    assert.deepEqual(await addressesOf(lab, machine), ["10.0.9.9", "fd00::9"]);
    const next = machine.restarted();
    next.addresses = ["10.0.9.10"];
    assert.equal(await next.register(service), "ok");
    assert.deepEqual([next.name, await addressesOf(lab, next)], [name, ["10.0.9.10"]]);
  });

  it("may be IPv6 alone, on a server that listens on IPv6", async () => {
    await using lab = await ServiceLab.open();
    const service = await lab.service({ server: { listen: { host: "::1", port: 0 } } });
    const machine = await joined(lab, service, { addresses: ["fd00::5"] });
    assert.deepEqual(await addressesOf(lab, machine), ["fd00::5"]);
  });

  it("are refused when no peer could dial them, whatever form they are written in", async () => {
    await using lab = await ServiceLab.open();
    const service = await lab.service();
    for (const addresses of [["fe80::1"], ["fe80::1%eth0"], ["::1"], ["127.0.0.1"], ["::ffff:127.0.0.1"], ["0.0.0.0"], ["::"], ["224.0.0.1"], ["ff02::1"], ["169.254.1.1"], ["10.0.0.1", "fe80::1"], ["10.0.0.1", "10.0.0.2"], ["host-5"], [""], []]) {
      const machine = await WireMachine.make(lab, { addresses });
      assert.equal(await machine.register(service), "ADDRESS_INVALID", addresses.join());
    }
    assert.deepEqual(await lab.store.list(signal), { workloads: [], leases: [] });
  });

  it("belong to one: a machine that was silent finds its address taken, is told, and the two are never ready at once", async () => {
    await using lab = await ServiceLab.open();
    const service = await lab.service();
    const leader = await Leader.lead(service);
    const old = await joined(lab, service, { addresses: ["10.0.7.7"] });
    await leader.rounds(lab, 12);
    assert.deepEqual(leader.lines, [`expire ${old.name}`]);
    const next = await joined(lab, service, { addresses: ["10.0.7.7"], id: `${trust}/vm/other` });
    for (let call = 0; call < 3; call += 1) {
      assert.deepEqual([await old.renew(service), await old.register(service), await next.renew(service)], ["ADDRESS_IN_USE", "ADDRESS_IN_USE", "ok"]);
      assert.deepEqual([await lab.condition(old.name), await lab.condition(next.name)], ["False NotAdmitted", "True Ready"]);
      lab.clock.jump(10_000);
    }
    const again = next.restarted();
    assert.deepEqual([await again.register(service), await again.renew(service)], ["ok", "ok"], "who is refused keeps nobody out");
    old.addresses = ["10.0.7.8"];
    assert.deepEqual([await old.renew(service), await lab.condition(old.name)], ["ok", "True Ready"]);
    [old.addresses, again.addresses] = [["10.0.7.7"], ["10.0.7.9"]];
    assert.deepEqual([await old.renew(service), await again.renew(service), await old.renew(service)], ["ADDRESS_IN_USE", "ok", "ok"]);
    assert.deepEqual([await lab.condition(old.name), await lab.condition(again.name)], ["True Ready", "True Ready"]);
  });
});

describe("a machine's process, over the wire", () => {
  it("killed and started again within a second takes over at once; the old process is told, and goes on asking in vain", async () => {
    await using lab = await ServiceLab.open();
    const service = await lab.service();
    const old = await joined(lab, service);
    lab.clock.jump(800);
    const next = old.restarted();
    assert.deepEqual([await next.register(service), next.name], ["ok", old.name]);
    assert.deepEqual([await old.renew(service), await old.register(service), await old.leave(service, "delete")], ["SUPERSEDED", "SUPERSEDED", "SUPERSEDED"]);
    assert.deepEqual([await next.renew(service), await lab.condition(next.name)], ["ok", "True Ready"]);
  });

  it("cloned, and heard within the five seconds in which it may be a straggler: called back as soon as these are over, and found out", async () => {
    await using lab = await ServiceLab.open();
    const service = await lab.service();
    const origin = await joined(lab, service);
    const clone = origin.restarted();
    clone.addresses = ["10.0.6.7"];
    assert.deepEqual([await clone.register(service), await clone.renew(service)], ["ok", "ok"]);
    lab.clock.jump(4000);
    assert.deepEqual([await origin.renew(service), origin.retryAfter], ["SUPERSEDED", 6000]);
    lab.clock.jump(6000);
    assert.deepEqual([await origin.renew(service), await lab.condition(origin.name)], ["DUPLICATE_INSTANCE", "False DuplicateInstance"]);
  });

  it("with an older epoch, back from a backup, waits while the newer one lives and is served when that is dead", async () => {
    await using lab = await ServiceLab.open();
    const service = await lab.service();
    const zombie = await joined(lab, service);
    const [living, late] = [zombie.restarted(2), zombie.restarted(1)];
    assert.deepEqual([await living.register(service), await living.renew(service)], ["ok", "ok"]);
    assert.deepEqual([await late.register(service), await zombie.renew(service)], ["SUPERSEDED", "SUPERSEDED"]);
    assert.equal(await lab.condition(living.name), "True Ready");
    lab.clock.jump(60_000);
    assert.deepEqual([await late.register(service), await late.renew(service)], ["ok", "ok"]);
    assert.equal(await living.renew(service), "WORKLOAD_GONE", "the newer one comes back later than its lease, and registers");
    assert.deepEqual([await living.register(service), await living.renew(service)], ["ok", "ok"]);
  });

  it("cloned: both are told from the original's next renewal on, and whichever stays alone is served again", async () => {
    await using lab = await ServiceLab.open();
    const service = await lab.service();
    const origin = await joined(lab, service);
    const clone = origin.restarted();
    clone.addresses = ["10.0.6.6"];
    assert.equal(await clone.register(service), "ok");
    lab.clock.jump(10_000);
    assert.deepEqual([await origin.renew(service), await clone.renew(service), await clone.register(service)], ["DUPLICATE_INSTANCE", "DUPLICATE_INSTANCE", "DUPLICATE_INSTANCE"]);
    assert.equal(await lab.condition(origin.name), "False DuplicateInstance");
    const copy = clone.restarted(0);
    assert.equal(await copy.register(service), "DUPLICATE_INSTANCE", "one disk gives no epoch twice");
    const cured = await WireMachine.make(lab);
    assert.equal(await cured.register(service), "ok", "with an instance id of its own");
    lab.clock.jump(60_000);
    assert.equal(await origin.renew(service), "WORKLOAD_GONE", "the clone held the lease, and is silent");
    assert.deepEqual([await origin.register(service), await origin.renew(service), await lab.condition(origin.name)], ["ok", "ok", "True Ready"]);
  });
});

describe("a machine's workload and group, over the wire", () => {
  it("the group is deleted and made again while machines live: waiting, then the same name and server name as before", async () => {
    await using lab = await ServiceLab.open();
    const service = await lab.service();
    const leader = await Leader.lead(service);
    const machine = await joined(lab, service);
    const { name, joined: before } = machine;
    lab.groupMap.delete("shop/orders");
    assert.deepEqual([await machine.renew(service), machine.retryAfter], ["GROUP_NOT_FOUND", 15_000]);
    assert.equal(await machine.register(service), "GROUP_NOT_FOUND");
    await leader.rounds(lab, 7);
    assert.deepEqual([leader.lines, await lab.condition(name)], [[`mark ${name}`], "False GroupGone"]);
    lab.groupMap.set("shop/orders", openGroup());
    assert.deepEqual([await machine.register(service), await machine.renew(service)], ["ok", "ok"]);
    assert.deepEqual([machine.name, machine.joined?.serverName, machine.joined?.uid], [name, before?.serverName, before?.uid]);
    assert.equal(await lab.condition(name), "True Ready");
  });

  it("the group stays away: its workloads go after ten minutes and half, and the machine that is still there comes back with the group", async () => {
    await using lab = await ServiceLab.open();
    const service = await lab.service();
    const leader = await Leader.lead(service);
    const machine = await joined(lab, service);
    const { name } = machine;
    lab.groupMap.clear();
    await leader.rounds(lab, 128);
    assert.deepEqual([leader.lines, await lab.condition(name)], [[`mark ${name}`, `delete ${name}`], "gone"]);
    assert.equal(await machine.renew(service), "WORKLOAD_GONE");
    lab.groupMap.set("shop/orders", openGroup());
    assert.deepEqual([await machine.register(service), machine.name], ["ok", name]);
  });

  it("somebody deletes the ExternalWorkload by hand: told at the next renewal, back under its name with the next registration", async () => {
    await using lab = await ServiceLab.open();
    const service = await lab.service();
    const machine = await joined(lab, service);
    const { name, joined: before } = machine;
    const stored = await lab.store.readWorkload({ namespace: "shop", name }, signal);
    await lab.store.deleteWorkload({ namespace: "shop", name }, stored?.version ?? "", signal);
    assert.equal(await machine.renew(service), "WORKLOAD_GONE");
    assert.deepEqual([await machine.register(service), await machine.renew(service)], ["ok", "ok"]);
    assert.equal(machine.name, name);
    assert.notEqual(machine.joined?.uid, before?.uid, "another object under the same name");
  });

  it("a group whose name is as long as names may be: label and server name within their bounds, and told apart", async () => {
    await using lab = await ServiceLab.open();
    const service = await lab.service();
    const groups = ["a".repeat(63), `${"a".repeat(62)}b`].map((name) => ({ namespace: "n".repeat(63), name }));
    const names = new Set<string>();
    for (const key of groups) {
      lab.groupMap.set(`${key.namespace}/${key.name}`, openGroup({ key }));
      const machine = await WireMachine.make(lab);
      assert.equal(await machine.register(service, { group: key }), "ok");
      assert.ok(machine.name.length <= 63 && (machine.joined?.serverName.length ?? 999) <= 253);
      assert.equal(await machine.renew(service), "ok");
      names.add(machine.name);
    }
    assert.equal(names.size, 2);
    assert.equal(await (await WireMachine.make(lab)).register(service, { group: { namespace: "shop", name: "a".repeat(64) } }), "REQUEST_INVALID");
  });

  it("a SPIFFE id that is longer than an ExternalWorkload takes is told so", async () => {
    await using lab = await ServiceLab.open();
    const service = await lab.service();
    const machine = await WireMachine.make(lab, { id: `${trust}/vm/${"x".repeat(230)}` });
    assert.equal(await machine.register(service), "REQUEST_INVALID");
    assert.deepEqual(await lab.store.list(signal), { workloads: [], leases: [] });
  });
});
