import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openWine, skipUnlessWine, type Wine } from "./support/wine.ts";

describe("the Windows of the Wine suites", function () {
  this.timeout(60_000);
  skipUnlessWine();
  let wine: Wine;
  before("Wine", async function () {
    this.timeout(900_000);
    wine = await openWine();
  });
  after(() => wine?.[Symbol.asyncDispose]());

  const script = (text: string, more: { input?: string; environment?: Record<string, string> } = {}): ReturnType<Wine["run"]> =>
    wine.run({ file: wine.node, args: ["-e", text], ...more });

  it("gives all 32 bits of an exit code, and both outputs apart", async () => {
    const { code, stdout, stderr } = await script("process.stdout.write('out ä'); process.stderr.write('err'); process.exitCode = 1067");
    assert.equal(code, 1067);
    assert.equal(stdout, "out ä");
    assert.equal(stderr, "err");
  });

  it("is Windows 10 with the pinned Node, input and variables", async () => {
    const { stdout } = await script("process.stdin.on('data', (text) => console.log(process.platform, process.version, process.env.A, String(text)))", { input: "hello", environment: { A: "ä b" } });
    assert.match(stdout, /^win32 v24\.\d+\.\d+ ä b hello\r?\n$/u);
    assert.match((await script("console.log(require('os').release())")).stdout, /^10\.0\./u);
  });

  it("shares drive C: with Linux", async () => {
    writeFileSync(join(wine.drive, "hello.txt"), "from Linux");
    assert.equal((await script("process.stdout.write(require('fs').readFileSync('C:\\\\hello.txt', 'utf8'))")).stdout, "from Linux");
  });

  it("cannot change the project", async () => {
    const { code } = await script(`require('fs').writeFileSync(${JSON.stringify(wine.project("planted.txt"))}, 'x')`);
    assert.notEqual(code, 0);
  });

  it("says why a program cannot be started", async () => {
    const message = await wine.run({ file: "C:\\absent.exe" }).then(() => "", String);
    assert.match(message, /ENOENT/u);
  });

  it("knows its services while nothing runs but the driver", async () => {
    const { code, stdout } = await wine.run({ file: "C:\\windows\\system32\\sc.exe", args: ["query", "RpcSs"] });
    assert.equal(code, 0, stdout);
  });

  it("ends all its programs and leaves no folder when it is disposed", async () => {
    let drive: string;
    let child;
    {
      await using other = await openWine();
      drive = other.drive;
      child = await other.start({ file: other.node, args: ["-e", "console.log('up'); setInterval(() => {}, 1000)"] });
    }
    assert.match(await child.exited.then(() => "ended", String), /gone/u);
    assert.equal(existsSync(drive), false);
  });
});
