import assert from "node:assert/strict";
import { parseJson, parseObject } from "../../src/base/parse-json.ts";

describe("parseJson", () => {
  it("gives the value of a text, and undefined for what is no JSON", () => {
    assert.deepEqual(parseJson('{"a":[1]}'), { a: [1] });
    assert.equal(parseJson("null"), null);
    for (const text of ["", "{", "<html>", "undefined"]) assert.equal(parseJson(text), undefined);
  });
});

describe("parseObject", () => {
  it("gives the fields of an object, and undefined for every other text", () => {
    assert.deepEqual(parseObject('{"a":[1]}'), { a: [1] });
    for (const text of ["null", "1", '"a"', "[1]", "{", ""]) assert.equal(parseObject(text), undefined, text);
  });
});
