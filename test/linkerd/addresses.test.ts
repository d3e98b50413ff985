import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeEndpoint, decodeIp, encodeEndpoint, encodeIp, encodeNetwork, isInNetwork } from "../../src/linkerd/addresses.ts";

describe("the control plane's addresses", () => {
  it("are big-endian numbers", () => {
    assert.deepEqual(encodeIp("127.0.0.1"), { ip: { $case: "ipv4", value: 0x7f000001 } });
    assert.deepEqual(encodeIp("fd00::1"), { ip: { $case: "ipv6", value: { first: 0xfd00_0000_0000_0000n, last: 1n } } });
    assert.equal(encodeIp("machine"), undefined);
    assert.equal(decodeIp({ ip: undefined }), undefined);
  });

  it("come back as they were", () => {
    fc.assert(fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), fc.integer({ min: 0, max: 65_535 }), (ip, port) => {
      const decoded = decodeEndpoint(encodeEndpoint({ ip, port }));
      assert.deepEqual(encodeEndpoint(decoded ?? { ip: "", port: 0 }), encodeEndpoint({ ip, port }));
    }));
  });

  it("lie in networks of their own family", () => {
    assert.equal(isInNetwork("10.1.2.3", encodeNetwork("10.0.0.0/8")), true);
    assert.equal(isInNetwork("11.1.2.3", encodeNetwork("10.0.0.0/8")), false);
    assert.equal(isInNetwork("fd00::1", encodeNetwork("0.0.0.0/0")), false);
    assert.equal(isInNetwork("fd12::1", encodeNetwork("fd00::/8")), true);
    assert.equal(isInNetwork("10.1.2.3", undefined), false);
  });
});
