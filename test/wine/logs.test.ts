import assert from "node:assert/strict";
import { mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { logFileNames } from "../../src/model/log-files.ts";
import { waitUntil } from "../support/wait-until.ts";
import { openProduct, type Product } from "./support/product.ts";
import { openWine, skipUnlessWine, type Wine } from "./support/wine.ts";

describe("the harness's log, under Wine", function () {
  this.timeout(120_000);
  skipUnlessWine();
  const stack = new AsyncDisposableStack();
  let wine: Wine;
  let product: Product;

  before(async function () {
    this.timeout(900_000);
    wine = stack.use(await openWine({ debug: "-all,+eventlog" }));
    product = openProduct(wine);
  });
  after(() => stack.disposeAsync());

  const numbersOf = (text: string): readonly number[] => [...text.matchAll(/line (\d+)\s*$/gmu)].map(([, number]) => Number(number));
  const makeFiles = (folder: string): string => {
    const place = join(wine.drive, folder);
    mkdirSync(place, { recursive: true });
    for (const name of logFileNames) writeFileSync(join(place, name), "");
    return place;
  };

  it("is put away by copying and emptying the files that were made beforehand: none is made, renamed or too large", async () => {
    const place = makeFiles("kept");
    const before = logFileNames.map((name) => statSync(join(place, name)).ino);
    const { code, stderr } = await wine.run({ file: wine.node, args: product.args("test/wine/scripts/log.ts", "C:\\kept"), input: "3000\n" });
    assert.deepEqual([code, stderr], [0, ""]);
    assert.deepEqual(readdirSync(place), [...logFileNames].toSorted());
    assert.deepEqual(logFileNames.map((name) => statSync(join(place, name)).ino), before);
    for (const name of logFileNames) assert.ok(statSync(join(place, name)).size <= 20_000, name);
    const shown = numbersOf((await product.mesh("logs", "--log-dir", "C:\\kept")).stdout);
    const [first = 0] = shown;
    assert.ok(first > 0, "the oldest are given up");
    assert.deepEqual(shown, Array.from({ length: 3000 - first }, (_value, index) => first + index));
  });

  it("is followed over rotations and over a writer that is killed, every line once", async () => {
    makeFiles("followed");
    const follower = await product.start("src/main.ts", "logs", "--follow", "--lines", "1000", "--log-dir", "C:\\followed");
    let next = 0;
    for (let life = 0; life < 2; life += 1) {
      const writer = await product.start("test/wine/scripts/log.ts", "C:\\followed", String(next));
      for (let round = 0; round < 3; round += 1) {
        writer.write("600\n");
        next += 600;
        await waitUntil(() => numbersOf(follower.stdout).at(-1), (last) => last === next - 1, 30_000);
      }
      writer.kill();
      await writer.exited;
    }
    assert.deepEqual(numbersOf(follower.stdout), Array.from({ length: next }, (_value, index) => index));
    follower.kill();
    await follower.exited;
  });

  it("is looked for in LOGDIR, and said to be absent where it is", async () => {
    const absent = await product.mesh("logs");
    assert.equal(absent.code, 3);
    assert.match(absent.stderr, /LOG_ABSENT/u);
    assert.match(absent.stderr, /C:\\Program Files\\Buoyant\\Linkerd/u);
    await product.set({ LogDir: "C:\\kept" });
    assert.match((await product.mesh("logs", "--lines", "1")).stdout, /^\S+ info {2}line 2999\s*$/u);
  });

  it("that cannot be written neither stops the harness from ending as it must nor hides why", async () => {
    writeFileSync(join(wine.drive, "a-file"), "");
    await product.set({ LogDir: "C:\\a-file\\below" });
    const { code, stderr } = await product.mesh("run");
    assert.equal(code, 2);
    assert.match(stderr, /harness\.log: /u);
    assert.match(stderr, /SETTING_REQUIRED/u);
  });

  it("has a source in Windows' log of events, and the events of a service", async () => {
    const seen = (await product.script("test/wine/scripts/events.ts")) as { made: string; afterwards: string; log: string[] };
    assert.match(seen.made, /EventMessageFile\s+REG_EXPAND_SZ\s+%SystemRoot%\\System32\\EventCreate\.exe/u);
    assert.match(seen.made, /TypesSupported\s+REG_DWORD\s+0x7/u);
    assert.deepEqual([seen.afterwards.trim(), seen.log], ["", []]);
    // Wine keeps no events and shows no numbers: what it was asked is in its trace, the whole call in test/platform/win32.
    assert.match(wine.log(), /:err:eventlog:ReportEventW L"port 4143 is taken: \\65e5\\8a8c"/u);
    assert.match(wine.log(), /:warn:eventlog:ReportEventW L"x{80}/u);
  });
});
