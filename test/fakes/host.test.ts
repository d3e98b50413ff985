import assert from "node:assert/strict";
import { FakeHost } from "./host.ts";

describe("the fake machine", () => {
  it("keeps files, fills its disk, and locks once", async () => {
    const host = new FakeHost();
    await host.files.writeAtomic("/a/b", "1");
    await host.files.append("/a/b", "2");
    assert.deepEqual([await host.files.readText("/a/b"), await host.files.list("/a"), (await host.files.stat("/a/b"))?.executable], ["12", ["b"], false]);
    host.diskFull = true;
    await assert.rejects(host.files.writeAtomic("/a/b", "3"), { code: "DISK_FULL" });
    assert.equal(await host.files.readText("/a/b"), "12");
    const lock = await host.files.lock("/l");
    assert.equal(await host.files.lock("/l"), undefined);
    await lock?.[Symbol.asyncDispose]();
    assert.ok(await host.files.lock("/l") !== undefined);
  });

  it("has ports, and starts no programs", async () => {
    const host = new FakeHost();
    host.listeners.set(80, 7);
    assert.deepEqual([await host.sockets.portFree("::", 80), await host.sockets.listener(80), await host.sockets.listener(81)], [false, { pid: 7 }, undefined]);
    await assert.rejects(host.processes.spawn({ file: "x", args: [], environment: {} }), { code: "PROGRAM_MISSING" });
  });
});
