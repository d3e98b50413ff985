import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeTransportHeader, encodeTransportHeader, type TransportHeader } from "../../src/linkerd/transport-header.ts";

const anyHeader = fc.record<TransportHeader>({
  port: fc.integer({ min: 1, max: 65_535 }),
  name: fc.string({ maxLength: 60 }),
  session: fc.constantFrom(undefined, "http1", "http2"),
}, { noNullPrototype: true });

describe("transport header", () => {
  it("is these bytes on the wire", () => {
    assert.equal(encodeTransportHeader({ port: 8080, name: "", session: undefined }).toString("latin1"), "transport.l5d.io/v1\r\n\r\n\0\0\0\x03\b\x90\x3f");
    assert.equal(encodeTransportHeader({ port: 1, name: "", session: "http2" }).subarray(23).toString("hex"), "0000000608011a021200");
  });

  it("comes back as it was sent, with what follows, however it is cut", () => {
    fc.assert(
      fc.property(anyHeader, fc.uint8Array({ maxLength: 50 }), (header, following) => {
        const encoded = encodeTransportHeader(header);
        const bytes = Buffer.concat([encoded, following]);
        for (let length = 0; length < encoded.length; length += 1) assert.equal(decodeTransportHeader(bytes.subarray(0, length)).state, "more");
        assert.deepEqual(decodeTransportHeader(bytes), { state: "header", header, rest: Buffer.from(following) });
      }),
    );
  });

  it("refuses at the first byte that cannot begin one", () => {
    assert.equal(decodeTransportHeader(Buffer.from("GET / HTTP/1.1")).state, "refused");
    assert.equal(decodeTransportHeader(Buffer.from("transport.l5d.io/v2")).state, "refused");
  });

  it("refuses lengths and ports that make no sense, and never crashes", () => {
    const long = Buffer.from(encodeTransportHeader({ port: 1, name: "", session: undefined }));
    long.writeUInt32BE(0xffff_ffff, 23);
    assert.equal(decodeTransportHeader(long).state, "refused");
    assert.equal(decodeTransportHeader(encodeTransportHeader({ port: 0, name: "", session: undefined })).state, "refused");
    const start = encodeTransportHeader({ port: 1, name: "", session: undefined }).subarray(0, 23);
    fc.assert(fc.property(fc.uint8Array({ maxLength: 80 }), (noise) => {
      assert.ok(["more", "header", "refused"].includes(decodeTransportHeader(Buffer.concat([start, Buffer.from([0, 0, 0, noise.length]), noise])).state));
    }));
  });
});
