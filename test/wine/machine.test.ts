import assert from "node:assert/strict";
import { waitUntil } from "../support/wait-until.ts";
import { openProduct, type Product } from "./support/product.ts";
import { openWine, skipUnlessWine, type Wine } from "./support/wine.ts";

describe("the Windows machine, under Wine", () => {
  skipUnlessWine();
  const stack = new AsyncDisposableStack();
  let wine: Wine;
  let product: Product;

  before(async function () {
    this.timeout(600_000);
    wine = stack.use(await openWine());
    product = openProduct(wine);
  });

  after(async function () {
    this.timeout(60_000);
    await stack.disposeAsync();
  });

  const isAlive = async (pid: number): Promise<boolean> => (await wine.run({ file: wine.node, args: ["-e", `process.kill(${pid}, 0)`] })).code === 0;

  it("tells pipes apart before they are used, at once", async () => {
    const seen = (await product.script("test/wine/scripts/pipes.ts")) as {
      problems: Record<string, { state: string } | null>; numbers: Record<string, number>; milliseconds: number; pid: number;
      seen: { pid: number; server: { user: string; administrator: boolean } }; own: { user: string; administrator: boolean }; nobody: null;
    };
    assert.deepEqual(Object.entries(seen.problems).map(([name, problem]) => [name, problem?.state ?? "good"]), [["missing", "missing"], ["served", "good"], ["busy", "busy"], ["denied", "denied"]]);
    assert.deepEqual(seen.numbers, { missing: 2, busy: 231, denied: 5 });
    assert.deepEqual([seen.seen.pid, seen.seen.server], [seen.pid, seen.own]);
    assert.match(seen.own.user, /^S-1-5-21-/u);
    assert.deepEqual([seen.own.administrator, seen.nobody], [true, null]);
    assert.ok(seen.milliseconds < 2000, `${seen.milliseconds} ms`);
  }).timeout(60_000);

  it("ends every child with us, also a detached one, when we are killed", async () => {
    const child = await startFamily("in a job");
    assert.equal(await isAlive(child.pid), true);
    child.parent.kill();
    await waitUntil(() => isAlive(child.pid), (alive) => !alive, 20_000);
  }).timeout(60_000);

  it("would leave a detached child alive without the job", async () => {
    const child = await startFamily("alone");
    child.parent.kill();
    await child.parent.exited;
    assert.equal(await isAlive(child.pid), true);
    await wine.run({ file: wine.node, args: ["-e", `process.kill(${child.pid})`] });
  }).timeout(60_000);

  it("names the process that listens on a port, of both families", async () => {
    assert.deepEqual(await product.script("test/wine/scripts/machine.ts", "listeners"), [{ ours: true, afterwards: null }, { ours: true, afterwards: null }]);
  }).timeout(60_000);

  it("locks a file for one process, and frees it when that is killed", async () => {
    const holder = await product.start("test/wine/scripts/machine.ts", "lock", "C:\\lock");
    await waitUntil(() => holder.stdout, (text) => text.includes("held"), 20_000);
    assert.deepEqual(await product.script("test/wine/scripts/machine.ts", "lock", "C:\\lock"), { got: false });
    holder.kill();
    await holder.exited;
    const next = await product.start("test/wine/scripts/machine.ts", "lock", "C:\\lock");
    next.endInput();
    assert.match((await next.exited).stdout, /"got":true/u);
  }).timeout(60_000);

  it("makes folders and files with rights of their own, and works in them", async () => {
    const { folder, file, texts } = (await product.script("test/wine/scripts/machine.ts", "places", "C:\\places")) as Record<"folder" | "file", { reparse: boolean; owner: string }> & { texts: string[] };
    assert.deepEqual([folder.reparse, file.reparse, texts], [false, false, ["{}", "a line\n"]]);
    // In Wine a file belongs to whoever made it, whatever it is told.
    assert.match(`${folder.owner} ${file.owner}`, /^S-1-5-\S+ S-1-5-\S+$/u);
  }).timeout(60_000);

  it("gives a child the environment it is told, and nothing of ours", async () => {
    const { code, names } = (await product.script("test/wine/scripts/machine.ts", "child")) as { code: number; names: string[] };
    const seen = new Set(names.map((name) => name.toUpperCase()));
    assert.equal(code, 0);
    assert.ok(seen.has("SYSTEMROOT") && seen.has("LINKERD2_PROXY_LOG"), names.join());
    assert.ok(!seen.has("LINKERD_MESH_SECRET") && !seen.has("WINEPREFIX"), names.join());
  }).timeout(60_000);

  it("leaves none of its handles to a child, not to the next one either", async () => {
    const { locked, left, shared, sample, sharedThen } = (await product.script("test/wine/scripts/handles.ts")) as {
      locked: boolean; left: number[]; shared: number[][]; sample: number; sharedThen: number[];
    };
    assert.deepEqual([locked, left, shared], [true, [], [[], []]]);
    // One that was left on purpose is seen.
    assert.ok(sample > 0);
    assert.deepEqual(sharedThen, [sample]);
  }).timeout(60_000);

  async function startFamily(how: string): Promise<{ readonly parent: Awaited<ReturnType<Product["start"]>>; readonly pid: number }> {
    const parent = await product.start("test/wine/scripts/family.ts", how);
    const text = await waitUntil(() => parent.stdout, (seen) => seen.includes("\n"), 20_000);
    return { parent, pid: Number(text) };
  }
});
