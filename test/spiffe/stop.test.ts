import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { getActiveResourcesInfo } from "node:process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sessionWait } from "../../src/spiffe/connection.ts";
import { createIssuer, FakeWorkloadApi } from "../fakes/workload-api.ts";
import { JumpingClock } from "../fakes/jumping-clock.ts";
import { sourceAt, Watch } from "./watch.ts";

const id = "spiffe://mesh.test/vm/orders";

describe("stopping a watch", () => {
  it("ends at once in the middle of a backoff, and leaves no timer", async () => {
    const clock = new JumpingClock();
    const watch = new Watch(sourceAt("unix:///nonexistent/api.sock", { clock }));
    await watch.trouble();
    const rest = watch.next();
    await clock.asleep(1000);
    watch.stop();
    await assert.rejects(rest, /the watch ended/u);
    assert.ok(clock.idle);
  });

  it("ends at once while the first answer is awaited", async () => {
    const clock = new JumpingClock();
    await using agent = await FakeWorkloadApi.create();
    const watch = new Watch(sourceAt(agent.address, { clock }));
    const next = watch.next();
    await agent.streamsOpen(1);
    watch.stop();
    await assert.rejects(next, /the watch ended/u);
    await agent.streamsOpen(0);
    assert.ok(clock.idle);
  });

  it("closes the stream when the reader leaves after a late answer was told", async () => {
    const clock = new JumpingClock();
    await using agent = await FakeWorkloadApi.create();
    {
      await using watch = new Watch(sourceAt(agent.address, { clock }));
      void clock.asleep(10_000).then(() => clock.jump(10_000));
      await watch.trouble();
      await agent.streamsOpen(1);
    }
    await agent.streamsOpen(0);
    assert.ok(clock.idle);
  });

  it("leaves no socket and no stream behind, however often", async () => {
    const issuer = await createIssuer();
    await using agent = await FakeWorkloadApi.create();
    agent.publish(await issuer.svid(id));
    const before = countPipes();
    for (let round = 0; round < 50; round++) {
      await using watch = new Watch(sourceAt(agent.address));
      await watch.context();
    }
    await agent.streamsOpen(0);
    await new Promise(setImmediate);
    assert.equal(countPipes(), before);
    assert.equal(agent.calls.length, 50);
  });
});

function countPipes(): number {
  return getActiveResourcesInfo().filter((name) => name === "PipeWrap" || name === "TCPSocketWrap").length;
}

describe("what is at the address and is no agent", () => {
  it("a path with nothing: SPIRE_ABSENT", async () => {
    await using watch = new Watch(sourceAt("unix:///nonexistent/api.sock"));
    assert.equal((await watch.trouble()).error.code, "SPIRE_ABSENT");
  });

  it("a socket that its owner left behind, and a plain file: SPIRE_ABSENT", async () => {
    await using place = await makePlace();
    const path = join(place.folder, "file");
    await writeFile(path, "");
    await using watch = new Watch(sourceAt(path));
    assert.equal((await watch.trouble()).error.code, "SPIRE_ABSENT");
  });

  it("a TCP port where nobody listens: SPIRE_ABSENT", async () => {
    await using place = await makePlace();
    const server = await place.listen({ port: 0, host: "127.0.0.1" });
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    await using watch = new Watch(sourceAt(`tcp://127.0.0.1:${port}`));
    assert.equal((await watch.trouble()).error.code, "SPIRE_ABSENT");
  });

  it("a socket that is not open to us: SPIRE_DENIED", async () => {
    await using place = await makePlace();
    await place.listen({ path: place.path });
    // A closed folder keeps everybody out but root, so root becomes somebody else for a moment.
    await chmod(place.folder, 0);
    const root = process.geteuid?.() === 0;
    if (root) process.seteuid?.(65_534);
    const watch = new Watch(sourceAt(place.path));
    try {
      assert.equal((await watch.trouble()).error.code, "SPIRE_DENIED");
    } finally {
      if (root) process.seteuid?.(0);
      await chmod(place.folder, 0o700);
      await watch[Symbol.asyncDispose]();
    }
  });

  it("something that takes connections and says nothing: SPIRE_SILENT after 5 s, and its socket is closed", async () => {
    const clock = new JumpingClock();
    await using place = await makePlace();
    await place.listen({ path: place.path });
    await using watch = new Watch(sourceAt(place.path, { clock }));
    void clock.asleep(sessionWait).then(() => place.connected()).then(() => clock.jump(sessionWait));
    const { error, retryIn } = await watch.trouble();
    assert.equal(error.code, "SPIRE_SILENT");
    assert.equal(retryIn, 1000);
    await place.closed();
  });

  it("an HTTP/1 server: SPIRE_PROTOCOL", async () => {
    await using place = await makePlace();
    const server = await place.listen({ path: place.path });
    server.on("connection", (socket: Socket) => socket.write("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"));
    await using watch = new Watch(sourceAt(place.path));
    assert.equal((await watch.trouble()).error.code, "SPIRE_PROTOCOL");
  });

  it("something that hangs up at once: SPIRE_UNAVAILABLE", async () => {
    await using place = await makePlace();
    const server = await place.listen({ path: place.path });
    server.on("connection", (socket: Socket) => socket.destroy());
    await using watch = new Watch(sourceAt(place.path));
    assert.equal((await watch.trouble()).error.code, "SPIRE_UNAVAILABLE");
  });
});

interface Place extends AsyncDisposable {
  readonly folder: string;
  readonly path: string;
  listen(where: { path: string } | { port: number; host: string }): Promise<Server>;
  /** Resolves when a client is connected. */
  connected(): Promise<void>;
  /** Resolves when every client is gone. */
  closed(): Promise<void>;
}

async function makePlace(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), "spiffe-place-"));
  const sockets: Socket[] = [];
  const first = Promise.withResolvers<void>();
  const servers: Server[] = [];
  return {
    folder,
    path: join(folder, "api.sock"),
    async listen(where) {
      const server = createServer((socket) => {
        sockets.push(socket.resume().on("error", () => undefined));
        first.resolve();
      });
      servers.push(server);
      await new Promise<void>((resolve) => server.listen(where, resolve));
      return server;
    },
    connected: () => first.promise,
    async closed() {
      const open = sockets.filter((socket) => !socket.closed);
      await Promise.all(open.map((socket) => once(socket, "close")));
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
      await rm(folder, { recursive: true });
    },
  };
}
