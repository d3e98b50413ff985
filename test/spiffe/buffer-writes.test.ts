import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:http2";
import { duplexPair, type Duplex } from "node:stream";
import { bufferWrites } from "../../src/spiffe/buffer-writes.ts";

// Without a buffer for reading, a pair of node:stream is a pipe whose writes last until the other end reads.
const bare = { readableHighWaterMark: 0 };

describe("buffered writes over a pipe without a buffer", () => {
  it("let an HTTP/2 client hear a server that greets first and reads nothing until that is read", async () => {
    const [near, far] = duplexPair(bare);
    assert.equal(await meet(bufferWrites(near), far), true);
  });

  it("are needed: on the bare pipe both ends wait for each other", async () => {
    const [near, far] = duplexPair(bare);
    assert.equal(await meet(near, far), false);
  });

  it("pass on the pipe's end and its error, and end it with themselves", async () => {
    const [near, far] = duplexPair(bare);
    const stream = bufferWrites(near).resume();
    far.end();
    await once(stream, "end");
    const [broken] = duplexPair(bare);
    const failed = once(bufferWrites(broken), "error");
    broken.destroy(new Error("EPIPE"));
    assert.match(String((await failed)[0]), /EPIPE/u);
    const [open] = duplexPair(bare);
    const closed = once(open, "close");
    bufferWrites(open).destroy();
    await closed;
  });

  it("hold a writer back when the pipe's own buffer is full", async () => {
    const [near, far] = duplexPair(bare);
    const stream = bufferWrites(near);
    const much = Buffer.alloc(2 * near.writableHighWaterMark);
    let taken = false;
    const done = new Promise<void>((resolve) => stream.write(much, () => resolve())).then(() => (taken = true));
    await turns();
    assert.equal(taken, false);
    far.resume();
    await done;
  });
});

/** Whether a client, which has begun to write, hears the greeting of the far end. */
async function meet(near: Duplex, far: Duplex): Promise<boolean> {
  const session = connect("http://localhost", { createConnection: () => near });
  let heard = false;
  session.on("remoteSettings", () => (heard = true));
  await turns();
  far.write(emptySettings);
  await turns();
  session.destroy();
  return heard;
}

const emptySettings = Buffer.from("000000040000000000", "hex");

// All of it is in memory: what these do not bring never comes.
async function turns(): Promise<void> {
  for (let count = 0; count < 100; count += 1) await new Promise((resolve) => setImmediate(resolve));
}
