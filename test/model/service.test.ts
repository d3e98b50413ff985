import assert from "node:assert/strict";
import { errorCatalogue, type ErrorCode } from "../../src/model/error-catalogue.ts";
import { parseServiceExit, serviceExitOf } from "../../src/model/service.ts";

describe("the numbers that a service ends with", () => {
  it("are never 0, and lead back to the code or to INTERNAL", () => {
    const codes = Object.keys(errorCatalogue) as ErrorCode[];
    const seen = codes.map((code) => [code, serviceExitOf(code)] as const);
    assert.deepEqual(seen.filter(([code, number]) => number === 0 || ![code, "INTERNAL"].includes(parseServiceExit(number) ?? "")), []);
    assert.deepEqual([serviceExitOf("SETTING_REQUIRED"), parseServiceExit(10), parseServiceExit(9999)], [10, "SETTING_REQUIRED", undefined]);
  });

  it("are each one code's", () => {
    const numbers = (Object.keys(errorCatalogue) as ErrorCode[]).map((code) => serviceExitOf(code)).filter((number) => number !== 1);
    assert.equal(new Set(numbers).size, numbers.length);
  });
});
