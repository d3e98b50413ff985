import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { connect } from "node:tls";
import fc from "fast-check";
import { readFirstBytes } from "../../../src/simulator/proxy/client-hello.ts";

describe("first bytes of a connection", () => {
  let hello: Buffer;

  before(async () => {
    hello = await captureHello("machine.mesh.test");
  });

  it("finds the server name of a real ClientHello", () => {
    assert.deepEqual(readFirstBytes(hello), { kind: "tls", serverName: "machine.mesh.test" });
  });

  it("asks for more after every proper prefix, so that a ClientHello may come in any number of reads", () => {
    for (let length = 0; length < hello.length; length += 1) assert.deepEqual(readFirstBytes(hello.subarray(0, length)), { kind: "more" }, `${length} bytes`);
  });

  it("tells plaintext by its first byte", () => {
    assert.deepEqual(readFirstBytes(Buffer.from("G")), { kind: "plain" });
  });

  it("takes any bytes without throwing", () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const record = Buffer.from([22, 3, 1, bytes.length >> 8, bytes.length & 255, ...bytes]);
      assert.equal(readFirstBytes(record).kind, "tls");
    }));
  });
});

async function captureHello(servername: string): Promise<Buffer> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect({ host: "127.0.0.1", port: (server.address() as AddressInfo).port, servername });
  client.on("error", () => undefined);
  const [socket] = await once(server, "connection") as [import("node:net").Socket];
  let bytes = Buffer.alloc(0);
  while (readFirstBytes(bytes).kind === "more") bytes = Buffer.concat([bytes, (await once(socket, "data"))[0] as Buffer]);
  client.destroy();
  socket.destroy();
  server.close();
  return bytes;
}
