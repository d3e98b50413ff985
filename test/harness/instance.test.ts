import assert from "node:assert/strict";
import { openInstance } from "../../src/harness/instance.ts";
import { FakeHost } from "../fakes/host.ts";

async function live(host: FakeHost): Promise<{ readonly id: string; readonly epoch: number }> {
  await using opened = await openInstance(host, "/state");
  return opened.instance;
}

describe("the instance of a machine", () => {
  it("stays the same over starts, each with a higher epoch", async () => {
    const host = new FakeHost();
    const [first, second] = [await live(host), await live(host)];
    assert.deepEqual([second.id, second.epoch], [first.id, 2]);
  });

  it("is another one on a cloned disk", async () => {
    const host = new FakeHost();
    const first = await live(host);
    host.machine = "machine-2";
    const clone = await live(host);
    assert.deepEqual([clone.id === first.id, clone.epoch], [false, 1]);
    assert.match(host.log.messages.join(), /another machine/);
  });

  it("is refused to a second harness until the first has ended", async () => {
    const host = new FakeHost();
    const first = await openInstance(host, "/state");
    await assert.rejects(openInstance(host, "/state"), { code: "HARNESS_RUNNING" });
    await first[Symbol.asyncDispose]();
    assert.equal((await live(host)).epoch, 2);
  });

  it("of a newer version ends the start, leaves the file and frees the folder", async () => {
    const host = new FakeHost();
    host.texts.set("/state/instance.json", '{"version":2}');
    await assert.rejects(live(host), { code: "STATE_NEWER", target: "/state/instance.json" });
    assert.equal(host.texts.get("/state/instance.json"), '{"version":2}');
    assert.equal(host.locked.size, 0);
  });

  it("that is damaged is put aside", async () => {
    const host = new FakeHost();
    host.texts.set("/state/instance.json", "{");
    assert.equal((await live(host)).epoch, 1);
    assert.equal(host.texts.get("/state/instance.json.damaged"), "{");
  });

  it("lives on a full disk too, damaged or not", async () => {
    const host = new FakeHost();
    host.diskFull = true;
    host.texts.set("/state/instance.json", "{");
    assert.equal((await live(host)).epoch, 1);
    assert.ok(host.log.lines.every(({ level }) => level === "warn") && host.log.lines.some(({ fields }) => fields["code"] === "DISK_FULL"));
  });
});
