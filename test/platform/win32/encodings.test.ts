import assert from "node:assert/strict";
import { decodeServiceStatus, encodePointers, encodeServiceStatus, encodeText, encodeTexts } from "../../../src/platform/win32/encode-service.ts";
import { encodeKillOnClose } from "../../../src/platform/win32/jobs.ts";
import { decodeListeners, families } from "../../../src/platform/win32/listener.ts";
import { decodeOwner, decodeSid, renderServiceSid } from "../../../src/platform/win32/sids.ts";
import { renderSystemText } from "../../../src/platform/win32/system-failure.ts";

describe("structures of Windows as bytes", () => {
  it("a service's status goes out as seven numbers and comes back as nine", () => {
    const sent = encodeServiceStatus({ state: 4, controls: 0x145, exit: 1066, specificExit: 10, checkpoint: 2, waitHint: 10_000 });
    assert.equal(sent.toString("hex"), ["10000000", "04000000", "45010000", "2a040000", "0a000000", "02000000", "10270000"].join(""));
    const read = Buffer.concat([sent, Buffer.from([0xbc, 2, 0, 0, 0, 0, 0, 0])]);
    assert.deepEqual(decodeServiceStatus(read), { state: 4, exit: 1066, specificExit: 10, pid: 700 });
  });

  it("texts end with zeros, addresses take eight bytes", () => {
    assert.deepEqual([encodeText("a").toString("hex"), encodeTexts(["a", "b"]).toString("hex"), encodeTexts([]).toString("hex")], ["61000000", "6100000062000000" + "0000", "00000000"]);
    assert.equal(encodePointers([1n, 0x1122334455667788n]).toString("hex"), "01000000000000008877665544332211");
  });

  it("a job that ends with its last handle has that one limit and no other", () => {
    const bytes = encodeKillOnClose();
    assert.deepEqual([bytes.length, bytes.readUInt32LE(16), bytes.filter((byte) => byte !== 0).length], [144, 0x2000, 1]);
  });

  it("listeners of both families, ports in the network's order; a table cut short gives what is whole", () => {
    const four = Buffer.alloc(4 + 2 * 24);
    four.writeUInt32LE(2, 0);
    four.writeUInt16BE(4140, 4 + 8);
    four.writeUInt32LE(77, 4 + 20);
    four.writeUInt16BE(4143, 28 + 8);
    four.writeUInt32LE(78, 28 + 20);
    const six = Buffer.alloc(4 + 56);
    six.writeUInt32LE(1, 0);
    six.writeUInt16BE(4191, 4 + 20);
    six.writeUInt32LE(79, 4 + 52);
    const [v4, v6] = [...families.values()];
    assert.ok(v4 !== undefined && v6 !== undefined);
    assert.deepEqual(decodeListeners(four, v4), [{ port: 4140, pid: 77 }, { port: 4143, pid: 78 }]);
    assert.deepEqual(decodeListeners(six, v6), [{ port: 4191, pid: 79 }]);
    assert.deepEqual([decodeListeners(four.subarray(0, 40), v4).length, decodeListeners(Buffer.alloc(0), v4)], [1, []]);
  });

  it("security identifiers, and that of a service's account", () => {
    const administrators = Buffer.from("01020000000000052000000020020000", "hex");
    assert.equal(decodeSid(administrators, 0), "S-1-5-32-544");
    // Known to everybody who ever looked at a file of Windows.
    assert.equal(renderServiceSid("TrustedInstaller"), "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464");
    const descriptor = Buffer.concat([Buffer.from("01000080140000000000000000000000" + "00000000", "hex"), administrators]);
    assert.deepEqual([decodeOwner(descriptor), decodeOwner(Buffer.alloc(20)), decodeOwner(Buffer.alloc(4))], ["S-1-5-32-544", undefined, undefined]);
  });

  it("the system's own text is one line of a sentence, with its number", () => {
    assert.deepEqual([renderSystemText("Access is denied.\r\n", 5), renderSystemText("", 5), renderSystemText("a\r\n b", 7)], ["Access is denied (error 5)", "error 5", "a b (error 7)"]);
  });
});
