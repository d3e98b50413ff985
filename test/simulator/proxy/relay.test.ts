import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, connect, type AddressInfo, type Server, type Socket } from "node:net";
import { openTcp, relay } from "../../../src/simulator/proxy/relay.ts";
import { findPort } from "../../support/find-port.ts";

describe("relay between two connections", () => {
  let front: Server;
  let back: Server;
  let relayed: Promise<void>;

  beforeEach(async () => {
    back = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
    await once(back, "listening");
    front = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on("error", () => socket.destroy());
      relayed = openTcp({ ip: "127.0.0.1", port: portOf(back) }).then((far) => {
        const done = relay(socket, far);
        front.emit("relaying");
        return done;
      });
    }).listen(0, "127.0.0.1");
    await once(front, "listening");
  });

  afterEach(() => {
    front.close();
    back.close();
  });

  it("passes one side's end on and lets the other go on speaking", async () => {
    const [client, server] = await dial();
    client.end("question");
    assert.equal(await readAll(server), "question");
    server.write("long ");
    server.end("answer");
    assert.equal(await readAll(client), "long answer");
    await relayed;
  });

  it("also when the server ends first", async () => {
    const [client, server] = await dial();
    server.end("greeting");
    assert.equal(await readAll(client), "greeting");
    client.end("thanks");
    assert.equal(await readAll(server), "thanks");
    await relayed;
  });

  for (const side of ["client", "server"] as const) {
    it(`ends both when the ${side} breaks off`, async () => {
      const [client, server] = await dial();
      const [leaving, staying] = side === "client" ? [client, server] : [server, client];
      const ended = once(staying.resume(), "end");
      leaving.resetAndDestroy();
      await Promise.all([relayed, ended]);
      assert.equal(staying.readableEnded, true);
      staying.destroy();
    });
  }

  it("ends at once when one side left before it began", async () => {
    const [client, server] = await dial();
    const [one, other] = await dial();
    one.destroy();
    await relay(one, other);
    assert.equal(other.destroyed, true);
    client.destroy();
    server.destroy();
  });

  it("says why there is no connection", async () => {
    await assert.rejects(openTcp({ ip: "127.0.0.1", port: await findPort() }), /ECONNREFUSED/);
  });

  /** A client in front and its connection behind. */
  async function dial(): Promise<[Socket, Socket]> {
    const relaying = once(front, "relaying");
    const accepted = once(back, "connection") as Promise<[Socket]>;
    const client = connect({ host: "127.0.0.1", port: portOf(front), allowHalfOpen: true });
    client.on("error", () => undefined);
    const [server] = await accepted;
    server.on("error", () => undefined);
    await relaying;
    return [client, server];
  }
});

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

async function readAll(socket: Socket): Promise<string> {
  let text = "";
  socket.on("data", (part) => (text += String(part)));
  await once(socket, "end");
  return text;
}
