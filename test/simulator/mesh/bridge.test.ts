import assert from "node:assert/strict";
import { once } from "node:events";
import { connect as connectHttp2, createServer as createHttp2Server } from "node:http2";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { bridgeSocket } from "../../../src/simulator/mesh/bridge.ts";

describe("the stream before a socket", () => {
  let server: Server;
  const accepted = (): Promise<[Socket]> => once(server, "connection") as Promise<[Socket]>;

  beforeEach(async () => {
    server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
    await once(server, "listening");
  });

  afterEach(() => void server.close());

  it("begins with what was read already, and carries both ways", async () => {
    const [client, [socket]] = await Promise.all([dial(), accepted()]);
    const stream = bridgeSocket(socket, Buffer.from("first "));
    client.end("second");
    let heard = "";
    for await (const part of stream) heard += String(part);
    assert.equal(heard, "first second");
    stream.end("answer");
    assert.equal(String((await once(client, "data"))[0]), "answer");
    client.destroy();
  });

  it("closes with the socket even when a write waits for a reader", async () => {
    const [client, [socket]] = await Promise.all([dial(), accepted()]);
    const stream = bridgeSocket(socket, Buffer.alloc(0));
    stream.on("error", () => undefined).write(Buffer.alloc(10_000_000));
    const closed = once(stream, "close");
    client.resetAndDestroy();
    await closed;
    assert.equal(stream.destroyed, true);
  });

  it("lets an HTTP/2 server outlive clients that leave in the middle of an answer", async () => {
    for (let round = 0; round < 20; round += 1) {
      const [client, [socket]] = await Promise.all([dial(), accepted()]);
      const http2 = createHttp2Server((_request, response) => void response.on("error", () => undefined).write(Buffer.alloc(1_000_000)));
      const session = once(http2, "session");
      http2.on("sessionError", () => undefined).emit("connection", bridgeSocket(socket, Buffer.alloc(0)));
      const caller = connectHttp2("http://machine.test", { createConnection: () => client }).on("error", () => undefined);
      caller.request({ ":path": "/" }).on("error", () => undefined).end();
      const [served] = await session as [import("node:http2").ServerHttp2Session];
      const closed = once(served, "close");
      await once(served, "stream");
      client.destroy();
      await closed;
      assert.equal(served.destroyed, true);
    }
  });

  async function dial(): Promise<Socket> {
    const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
    client.on("error", () => undefined);
    await once(client, "connect");
    return client;
  }
});
