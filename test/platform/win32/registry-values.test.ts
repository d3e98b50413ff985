import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeValue, encodeValue } from "../../../src/platform/win32/registry-values.ts";

describe("values of the registry", () => {
  const text = (value: string): Buffer => Buffer.from(value, "utf16le");
  const number = Buffer.alloc(8);
  number.writeUInt32LE(4143);

  it("are texts, with or without what ends them", () => {
    for (const written of ["10.1.2.3\0", "10.1.2.3", "10.1.2.3\0\0", "10.1.2.3\0rest"]) assert.deepEqual(decodeValue(1, text(written)), { text: "10.1.2.3" }, written);
    assert.deepEqual([decodeValue(1, text("")), decodeValue(1, text("\0")), decodeValue(2, text("%A%\0"))], [{ text: "" }, { text: "" }, { text: "%A%", expand: true }]);
  });

  it("are numbers in decimal, and lists with commas", () => {
    assert.deepEqual([decodeValue(4, number.subarray(0, 4)), decodeValue(11, number)], [{ text: "4143" }, { text: "4143" }]);
    assert.deepEqual(decodeValue(11, Buffer.alloc(8, 0xff)), { text: "18446744073709551615" });
    assert.deepEqual([decodeValue(7, text("8081\x0025\0\0")), decodeValue(7, text("\0")), decodeValue(7, text("8081"))], [{ text: "8081,25" }, { text: "" }, { text: "8081" }]);
  });

  it("of other types are told by the type's name", () => {
    const words = (type: number, bytes: Buffer): string => {
      const value = decodeValue(type, bytes);
      return "trouble" in value ? value.trouble : assert.fail(`${type} was taken`);
    };
    assert.equal(words(3, number), "REG_BINARY is no type of a setting; write it as REG_SZ");
    assert.equal(words(5, number), "REG_DWORD_BIG_ENDIAN is no type of a setting; write it as REG_SZ");
    assert.match(words(8, number), /^type 8 /u);
    assert.equal(words(4, number), "its bytes are no REG_DWORD; write it again, as REG_SZ");
    assert.match(words(11, number.subarray(0, 4)), /REG_QWORD/u);
  });

  it("come back as they were written, and are never more than bytes make them", () => {
    fc.assert(fc.property(fc.string({ unit: "grapheme" }).filter((value) => !value.includes("\0")), (value) => assert.deepEqual(decodeValue(1, encodeValue(value)), { text: value })));
    fc.assert(fc.property(fc.integer({ min: 0, max: 12 }), fc.uint8Array(), (type, bytes) => {
      const value = decodeValue(type, Buffer.from(bytes));
      assert.ok("trouble" in value || !value.text.includes("\0"));
    }));
  });
});
