import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeFrame, FrameDecoder, FramingError, longestMessage } from "../../src/spiffe/grpc-frames.ts";
import { splitDer } from "../../src/spiffe/der.ts";

describe("gRPC frames", () => {
  it("come back as the messages that went in, however the bytes are cut", () => {
    fc.assert(fc.property(fc.array(fc.uint8Array({ maxLength: 300 })), fc.infiniteStream(fc.integer({ min: 1, max: 40 })), (messages, sizes) => {
      const decoder = new FrameDecoder();
      const found: Uint8Array[] = [];
      let rest: Uint8Array = Buffer.concat(messages.map(encodeFrame));
      while (rest.length > 0) {
        const size = sizes.next().value as number;
        found.push(...decoder.decode(rest.subarray(0, size)));
        rest = rest.subarray(size);
      }
      assert.deepEqual(found.map((bytes) => [...bytes]), messages.map((bytes) => [...bytes]));
      assert.equal(decoder.pending, 0);
    }));
  });

  it("that are compressed, too long or no frames are refused before anything is stored for them", () => {
    for (const [bytes, what] of [
      [[1, 0, 0, 0, 0], /compressed/u],
      [[72, 84, 84, 80, 47], /no gRPC prefix/u],
      [[0, 0xff, 0xff, 0xff, 0xff], new RegExp(`longer than the allowed ${longestMessage}`, "u")],
    ] as const) {
      assert.throws(() => [...new FrameDecoder().decode(Uint8Array.from(bytes))], (error) => error instanceof FramingError && what.test(error.message));
    }
  });
});

describe("concatenated DER", () => {
  const value = (length: number): Uint8Array => {
    const header = length < 0x80 ? [0x30, length] : [0x30, 0x82, length >> 8, length & 0xff];
    return Uint8Array.from([...header, ...new Uint8Array(length)]);
  };

  it("is cut into its values", () => {
    fc.assert(fc.property(fc.array(fc.integer({ min: 0, max: 1000 })), (lengths) => {
      const values = lengths.map(value);
      assert.deepEqual(splitDer(Buffer.concat(values))?.map((bytes) => bytes.length), values.map((bytes) => bytes.length));
    }));
  });

  it("with anything missing, left over or of another kind is refused, and nothing crashes", () => {
    const whole = Buffer.concat([value(200), value(3)]);
    for (let length = 1; length < whole.length; length++) {
      if (length !== 204) assert.equal(splitDer(whole.subarray(0, length)), undefined, `cut to ${length}`);
    }
    assert.equal(splitDer(Uint8Array.from([0x30, 0x80, 0, 0])), undefined);
    assert.equal(splitDer(Uint8Array.from([0x31, 0])), undefined);
    fc.assert(fc.property(fc.uint8Array(), (bytes) => void splitDer(bytes)));
  });
});
