import assert from "node:assert/strict";
import { parseSocketAddress } from "../../../src/platform/linux/original-destination.ts";

describe("original destination", () => {
  it("reads an IPv4 address", () => {
    const bytes = Buffer.from([2, 0, 0x1f, 0x90, 10, 90, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0]);
    assert.deepEqual(parseSocketAddress("v4", bytes), { host: "10.90.0.2", port: 8080 });
  });

  it("reads an IPv6 address, in its canonical text", () => {
    const bytes = Buffer.alloc(28);
    bytes.writeUInt16LE(10, 0);
    bytes.writeUInt16BE(443, 2);
    bytes.set([0xfd, 0x79, ...Array.from({ length: 13 }, () => 0), 1], 8);
    assert.deepEqual(parseSocketAddress("v6", bytes), { host: "fd79::1", port: 443 });
  });
});
