import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type AddressInfo } from "node:net";
import { probeTcp } from "../../src/harness/probe-tcp.ts";
import { skipUnless } from "../support/skip.ts";

const forever = new AbortController().signal;

describe("a probe by TCP", () => {
  it("passes when a connection is taken, which it closes; else says why", async () => {
    const closed: Promise<unknown>[] = [];
    const server = createServer((socket) => void closed.push(once(socket.resume(), "close"))).listen(0, "::1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    assert.equal(await probeTcp({ host: "::1", port }, forever), undefined);
    assert.equal(await probeTcp({ host: "::1", port }, forever), undefined);
    await Promise.all(closed);
    assert.equal(closed.length, 2);
    await new Promise((resolve) => server.close(resolve));
    assert.match(await probeTcp({ host: "::1", port }, forever) ?? "", /^connect ECONNREFUSED ::1:\d+$/u);
    assert.match(await probeTcp({ host: "localhost", port }, forever) ?? "", /ECONNREFUSED/u);
  });

  it("tells nothing when its signal is aborted already", async () => {
    assert.equal(await probeTcp({ host: "127.0.0.1", port: 1 }, AbortSignal.abort()), "no answer");
  });
});

describe("a probe by TCP of a server that takes no more connections", function () {
  skipUnless("linux", process.platform === "linux", "needs Linux, whose kernel leaves connections beyond the backlog without an answer");

  it("ends with its signal", async () => {
    const script = "const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => console.log(server.address().port))";
    const server = spawn(process.execPath, ["-e", script], { stdio: ["ignore", "pipe", "inherit"] });
    const port = Number(String((await once(server.stdout, "data") as [Buffer])[0]));
    server.kill("SIGSTOP");
    const sockets = Array.from({ length: 4 }, () => connect({ host: "127.0.0.1", port }).on("error", () => undefined));
    await Promise.all(sockets.slice(0, 2).map((socket) => once(socket, "connect")));
    const stop = new AbortController();
    const asking = probeTcp({ host: "127.0.0.1", port }, stop.signal);
    const first = await Promise.race([asking, new Promise((resolve) => setImmediate(() => resolve("still asking")))]);
    stop.abort();
    assert.deepEqual([first, await asking], ["still asking", "no answer"]);
    for (const socket of sockets) socket.destroy();
    server.kill("SIGKILL");
    await once(server, "exit");
  });
});
