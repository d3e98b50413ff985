import assert from "node:assert/strict";
import { chmodSync } from "node:fs";
import { workloadsSchema, type WorkloadEntry } from "../../src/registration/directory.ts";
import { missingForOwnNetwork, ownAddresses } from "../support/own-network.ts";
import { skipUnless } from "../support/skip.ts";
import { waitUntil } from "../support/wait-until.ts";
import { groupFile, pinnedName, RegistrationStage, type ServiceProcess } from "./support/registration-stage.ts";
import { RunCommand } from "./support/run-command.ts";
import { Stage } from "./support/stage.ts";

const reason = missingForOwnNetwork();
const patience = 40_000;

async function workloadsOf(service: ServiceProcess): Promise<readonly WorkloadEntry[]> {
  return workloadsSchema.parse(JSON.parse((await service.get("/v1/workloads")).text)).workloads;
}

async function workloadWhen(service: ServiceProcess, wanted: (entry: WorkloadEntry) => boolean): Promise<WorkloadEntry> {
  const seen = await waitUntil(() => workloadsOf(service), ([entry, ...more]) => entry !== undefined && more.length === 0 && wanted(entry), patience);
  assert.ok(seen[0] !== undefined);
  return seen[0];
}

describe("a machine and its registration service, as processes", function () {
  skipUnless("harness", reason === undefined, reason ?? "");
  this.timeout(120_000);

  it("each killed in turn: the machine goes on without its service, finds the next one, and comes back itself, at another address, as the same workload", async () => {
    await using stage = await Stage.set();
    await using registration = await RegistrationStage.create();
    registration.write("orders.yaml", groupFile());
    // One SPIRE for both: the machine's certificate comes from where the service's does.
    stage.agent.publish(await registration.issuer.svid("spiffe://mesh.test/vm/orders"));
    stage.openToAll();
    chmodSync(registration.folder, 0o755);
    const more = {
      REGISTRATION: "dynamic", WORKLOAD_GROUP_NAMESPACE: "shop", WORKLOAD_GROUP_NAME: "orders", WORKLOAD_NAME: "", WORKLOAD_NAMESPACE: "", WORKLOAD_SERVER_NAME: "", WORKLOAD_IDENTITY: "",
      CONTROL_ADDRESS: `${registration.host}:${registration.port}`, CONTROL_SERVER_NAME: pinnedName,
    };
    const first = await registration.start();
    await first.serving();
    await using harness = new RunCommand(stage, { more });
    const joined = await stage.until((status) => status.ready, patience);
    const before = await workloadWhen(first, ({ ready }) => ready);
    assert.deepEqual([before.name, before.instanceId, before.lease.epoch], [joined.workload?.name, joined.instance.id, joined.instance.epoch]);

    await first.end("SIGKILL");
    const alone = await stage.until(({ registration: { problem } }) => problem !== undefined, patience);
    assert.deepEqual([alone.ready, alone.state], [true, "serving"], "traffic does not depend on the service");
    const second = await registration.start();
    await second.serving();
    await stage.until(({ registration: { problem, lease } }) => problem === undefined && lease?.state === "held", patience);
    const after = await workloadWhen(second, ({ ready }) => ready);
    assert.deepEqual([after.uid, after.since], [before.uid, before.since], "it was ready all the time");

    assert.equal(await harness.end("SIGKILL"), "SIGKILL");
    await using again = new RunCommand(stage, { more: { ...more, INBOUND_NETWORK_ADDRESS: ownAddresses.v6 } });
    const back = await stage.until((status) => status.ready, patience);
    assert.deepEqual([back.instance, back.workload], [{ id: joined.instance.id, epoch: joined.instance.epoch + 1 }, joined.workload]);
    const moved = await workloadWhen(second, ({ ready, lease }) => ready && lease.epoch === back.instance.epoch);
    assert.deepEqual([moved.uid, before.addresses, moved.addresses], [before.uid, [ownAddresses.v4], [ownAddresses.v6]]);
    assert.equal(await again.end("SIGTERM"), 0, again.stderr);
    assert.equal((await workloadWhen(second, ({ ready }) => !ready)).reason, "Draining");
    await stage.assertNothingLeft();
  });
});
