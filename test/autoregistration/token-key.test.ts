import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseTokenKeys } from "../../src/autoregistration/parse-token-keys.ts";
import { openLeaseTokens } from "../../src/autoregistration/token-key.ts";
import { createFiles } from "../../src/platform/node/files.ts";
import { RememberingLog } from "../fakes/remembering-log.ts";
import { incarnation } from "./samples.ts";

const files = createFiles(() => Promise.resolve(undefined));
const claims = { key: { namespace: "shop", name: "a" }, identity: "spiffe://td/a", incarnation: incarnation() };
const key = Buffer.from(Array.from({ length: 32 }, (_, index) => (index * 37) % 256));
const keysOf = (bytes: Uint8Array | string): unknown => {
  const parsed = parseTokenKeys(Buffer.from(bytes));
  return parsed.ok ? parsed.keys.map((found) => Buffer.from(found).toString("hex")) : parsed.what;
};

describe("a file of token keys", () => {
  it("is raw bytes, base64 of either alphabet, or hex, all the same key", () => {
    for (const form of [key, key.toString("base64"), `${key.toString("base64url")}\n`, ` ${key.toString("hex").toUpperCase()}\r\n`]) assert.deepEqual(keysOf(form), [key.toString("hex")]);
  });

  it("may hold several, the one that signs first", () => {
    const other = Buffer.alloc(40, 0xfe);
    assert.deepEqual(keysOf(`${other.toString("base64")}\n\n${key.toString("hex")}\n`), [other.toString("hex"), key.toString("hex")]);
  });

  it("is refused when it is empty, too short, or words", () => {
    assert.deepEqual(["", "\n \n", key.subarray(0, 31), key.subarray(0, 16).toString("hex"), "correct horse battery staple, and more of it"].map(keysOf), [
      "it is empty", "it holds no key", "a key has 31 bytes; 32 are the least", "a key has 16 bytes; 32 are the least", "a line is neither base64 nor hex",
    ]);
  });
});

describe("lease tokens", () => {
  let folder = "";
  let log = new RememberingLog();
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "token-key-"));
    log = new RememberingLog();
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("of a state folder have a key that is made once, for its owner only", async () => {
    const token = (await openLeaseTokens(files, { kind: "state", folder }, log)).issue(claims);
    const path = join(folder, "token.key");
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const text = readFileSync(path, "utf8");
    assert.ok((await openLeaseTokens(files, { kind: "state", folder }, log)).isValid(token, claims));
    assert.equal(readFileSync(path, "utf8"), text);
    assert.ok(!JSON.stringify(log.lines).includes(text.trim()));
  });

  it("of a file follow a rotation: the old key behind the new one is still good", async () => {
    const path = join(folder, "key");
    writeFileSync(path, key, { mode: 0o600 });
    const token = (await openLeaseTokens(files, { kind: "file", path }, log)).issue(claims);
    writeFileSync(path, `${Buffer.alloc(32, 0xfe).toString("hex")}\n${key.toString("hex")}\n`);
    const both = await openLeaseTokens(files, { kind: "file", path }, log);
    assert.deepEqual([both.isValid(token, claims), both.issue(claims) === token], [true, false]);
    assert.deepEqual(log.lines, []);
  });

  it("are not signed with a file that is absent, a folder, huge or no key; the message holds nothing of it", async () => {
    const refused = async (path: string): Promise<string> => {
      const error: unknown = await openLeaseTokens(files, { kind: "file", path }, log).catch((thrown: unknown) => thrown);
      assert.ok(error instanceof Error && "code" in error && error.code === "TOKEN_KEY");
      return error.message;
    };
    writeFileSync(join(folder, "huge"), Buffer.alloc(70_000));
    writeFileSync(join(folder, "words"), "a secret that is no key");
    assert.match(await refused(join(folder, "none")), /there is no such file/u);
    assert.match(await refused(folder), /it is not a file/u);
    assert.match(await refused(join(folder, "huge")), /70000 bytes/u);
    assert.ok(!(await refused(join(folder, "words"))).includes("secret"));
  });

  it("warn when everybody may read their key, and differ each time when nobody keeps them", async () => {
    const path = join(folder, "key");
    writeFileSync(path, key, { mode: 0o644 });
    await openLeaseTokens(files, { kind: "file", path }, log);
    assert.equal(log.lines[0]?.level, "warn");
    const [one, two] = [await openLeaseTokens(files, { kind: "random" }, log), await openLeaseTokens(files, { kind: "random" }, log)];
    assert.ok(!two.isValid(one.issue(claims), claims));
  });
});
