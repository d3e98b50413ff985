import assert from "node:assert/strict";
import type { GroupEntry, WorkloadEntry, WorkloadEvent } from "../../src/registration/directory.ts";
import { parseLines } from "../cli/in-process.ts";
import { runProgram, startProgram, type Ended } from "../cli/program.ts";
import { waitUntil } from "../support/wait-until.ts";
import { RegistrationStage, type ServiceProcess } from "./support/registration-stage.ts";

function ask({ admin }: ServiceProcess, ...words: readonly string[]): Promise<Ended> {
  return runProgram([...words, "--admin-address", admin]);
}

function renderEvent(event: WorkloadEvent): string {
  return event.event === "synced" ? "synced" : `${event.event} ${event.workload.machine.hostname} ${event.workload.reason}`;
}

describe("the lists of linkerd-mesh autoregister", function () {
  this.timeout(60_000);

  it("are what the commands show of real machines", async () => {
    await using stage = await RegistrationStage.create();
    stage.write("broken.yaml", "kind: Pod");
    const [service, one, two] = [await stage.start(), await stage.machine("one"), await stage.machine("two")];
    await service.serving();
    assert.deepEqual([await one.register(), await one.renew(), await two.register()], ["ok", "ok", "ok"]);
    const { name = "" } = one.registered?.workload ?? {};
    const { groups, troubles } = JSON.parse((await ask(service, "group", "list", "--output", "json")).stdout) as { groups: GroupEntry[]; troubles: { file: string }[] };
    assert.deepEqual([groups.map((group) => [group.namespace, group.name, group.machines.total]), troubles.map(({ file }) => file)], [[["shop", "orders", 2]], ["broken.yaml"]]);
    const { workload } = JSON.parse((await ask(service, "workload", "show", `shop/${name}`, "--output", "json")).stdout) as { workload: WorkloadEntry };
    assert.deepEqual([workload.identity, workload.addresses, workload.ready, workload.lease.state], ["spiffe://mesh.test/vm/one", [one.address], true, "live"]);
    assert.match((await ask(service, "workload", "list", "-n", "shop")).stdout, new RegExp(`^shop +${name} +orders +True `, "mu"));
    const missing = await ask(service, "workload", "show", `shop/${name.slice(0, -1)}`);
    assert.equal(missing.code, 1);
    assert.match(missing.stderr, new RegExp(`did you mean .*shop/${name}`, "u"));
  });

  it("are followed over the service's death", async () => {
    await using stage = await RegistrationStage.create();
    const [service, machine] = [await stage.start(), await stage.machine()];
    await service.serving();
    assert.deepEqual([await machine.register(), await machine.renew()], ["ok", "ok"]);
    await using watch = startProgram(["workload", "watch", "--output", "json", "--admin-address", service.admin]);
    let stdout = "";
    watch.child.stdout?.on("data", (part) => (stdout += String(part)));
    const events = (): readonly string[] => (parseLines(stdout.slice(0, stdout.lastIndexOf("\n") + 1)) as readonly WorkloadEvent[]).map(renderEvent);
    await waitUntil(events, ({ length }) => length === 2);
    await service.end("SIGKILL");
    await watch.saw("nobody answers there");
    const again = await stage.start("--admin-address", service.admin);
    await again.serving();
    assert.equal(await (await stage.machine("two")).register(), "ok");
    await waitUntil(events, ({ length }) => length >= 3, 30_000);
    const [first = "", second, ...rest] = events();
    assert.match(first, /^added vm /u);
    assert.equal(second, "synced");
    for (const event of rest) assert.match(event, /^(?:added|modified) vm /u);
    assert.doesNotMatch(events().join("\n"), /deleted/u);
    watch.child.kill("SIGINT");
    assert.equal((await watch.ended).code, 0);
  });
});
