import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse, stringify } from "yaml";
import { GroupsFolder, groupsFolderLimits } from "../../src/autoregistration/groups-folder.ts";
import { parseGroupsFile } from "../../src/autoregistration/parse-groups-file.ts";
import type { GroupTrouble } from "../../src/registration/directory.ts";
import { createFiles } from "../../src/platform/node/files.ts";
import { JumpingClock } from "../fakes/jumping-clock.ts";
import { RememberingLog } from "../fakes/remembering-log.ts";
import { waitUntil } from "../support/wait-until.ts";

/** A group as somebody writes it. */
function manifest(name: string, labels: Readonly<Record<string, string>> = {}, apiVersion = "registration.linkerd-mesh.io/v1alpha1"): string {
  const lines = Object.entries(labels).map(([key, value]) => `        ${key}: ${value}`);
  return `apiVersion: ${apiVersion}\nkind: ExternalGroup\nmetadata: { namespace: shop, name: ${name} }\nspec:\n  template:\n    metadata:\n      labels:${lines.length === 0 ? " {}" : `\n${lines.join("\n")}`}\n`;
}

describe("groups in a folder", () => {
  let folder = "";
  const { signal } = new AbortController();
  const clock = new JumpingClock();
  let log = new RememberingLog();
  let groups = open();

  function open(): GroupsFolder {
    log = new RememberingLog();
    return new GroupsFolder({ folder, files: createFiles(() => Promise.resolve(undefined)), clock, log });
  }
  const write = (name: string, text: string): void => writeFileSync(join(folder, name), text);
  const reread = async (): Promise<readonly string[]> => {
    clock.jump(2000);
    await groups.read({ namespace: "shop", name: "none" }, signal);
    return [...groups.current().keys()].sort();
  };
  const troubles = (): readonly GroupTrouble[] => groups.troubles();

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "groups-folder-"));
    groups = open();
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it("come from every YAML file and document, ours and Buoyant's", async () => {
    write("a.yaml", `# two\n${manifest("orders")}---\n# nothing here\n---\n${manifest("stock")}`);
    write("b.yml", manifest("legacy", {}, "workload.buoyant.io/v1alpha1"));
    write("readme.md", "no group");
    write(".hidden.yaml", "no: group");
    await groups.open();
    assert.deepEqual([...groups.current().keys()], ["shop/orders", "shop/stock", "shop/legacy"]);
    assert.deepEqual(troubles(), []);
  });

  it("come from a list too, as kubectl prints several, with what Kubernetes adds to an object", () => {
    const item = { ...(JSON.parse(JSON.stringify(parse(manifest("orders")))) as object), status: {} };
    const text = stringify({ apiVersion: "v1", kind: "List", items: [item, { ...item, kind: "Other" }], metadata: { resourceVersion: "" } });
    const { groups: found, problems } = parseGroupsFile(text);
    assert.deepEqual([found.map(({ key }) => key.name), problems.every((problem) => problem.startsWith("items.1.kind: "))], [["orders"], true]);
  });

  it("are as the docs show them", () => {
    const docs = readFileSync(new URL("../../docs/registration.md", import.meta.url), "utf8");
    const example = /```yaml\n([^`]+)```/u.exec(docs)?.[1] ?? "";
    const { groups: found, problems } = parseGroupsFile(example);
    assert.deepEqual([found.map(({ key }) => key.name), problems], [["orders"], []]);
  });

  it("are the same objects while they say the same, and only what changed is new", async () => {
    write("a.yaml", `${manifest("orders")}---\n${manifest("stock")}`);
    await groups.open();
    const before = groups.current();
    write("a.yaml", `${manifest("stock")}---\n# edited\n${manifest("orders", { tier: "gold" })}`);
    await reread();
    assert.equal(groups.current().get("shop/stock"), before.get("shop/stock"));
    assert.notEqual(groups.current().get("shop/orders"), before.get("shop/orders"));
  });

  it("stay as they were last good when their file breaks, which is told with file, place and field", async () => {
    write("a.yaml", manifest("orders"));
    write("b.yaml", manifest("stock"));
    await groups.open();
    write("a.yaml", `${manifest("orders")}  probes: [{ tcpSocket: { port: 99999 } }]\n`);
    assert.deepEqual(await reread(), ["shop/orders", "shop/stock"]);
    assert.deepEqual(troubles().map(({ file }) => file), ["a.yaml"]);
    assert.match(troubles()[0]?.problems[0] ?? "", /^spec\.probes\.0\.tcpSocket\.port: /u);
    write("a.yaml", "kind: {{");
    assert.deepEqual(await reread(), ["shop/orders", "shop/stock"]);
    assert.match(troubles()[0]?.problems[0] ?? "", /^is no YAML: .* at line 1/u);
    assert.equal(log.lines.filter(({ level }) => level === "warn").length, 2);
    write("a.yaml", manifest("orders"));
    await reread();
    assert.deepEqual(troubles(), []);
  });

  it("of a file with one bad document: the good ones hold, those that are missing stay", async () => {
    write("a.yaml", `${manifest("orders")}---\n${manifest("stock")}`);
    await groups.open();
    write("a.yaml", `${manifest("orders", { tier: "gold" })}---\nkind: Other\n---\n${manifest("more")}`);
    assert.deepEqual(await reread(), ["shop/more", "shop/orders", "shop/stock"]);
    assert.equal(groups.current().get("shop/orders")?.labels["tier"], "gold");
    assert.ok(troubles()[0]?.problems.every((problem) => problem.startsWith("document 2: ")));
  });

  it("that two files claim belong to the first by name, and both files are named", async () => {
    write("b.yaml", manifest("orders", { from: "b" }));
    await groups.open();
    write("a.yaml", `${manifest("orders", { from: "a" })}---\n${manifest("orders", { from: "a2" })}`);
    await reread();
    assert.equal(groups.current().get("shop/orders")?.labels["from"], "a");
    assert.deepEqual(troubles(), [
      { file: "a.yaml", problems: ["group shop/orders is in this file twice: the first holds"] },
      { file: "b.yaml", problems: ["group shop/orders is in a.yaml too: the first holds"] },
    ]);
    rmSync(join(folder, "a.yaml"));
    await reread();
    assert.equal(groups.current().get("shop/orders")?.labels["from"], "b");
  });

  it("are gone with their document or file", async () => {
    write("a.yaml", `${manifest("orders")}---\n${manifest("stock")}`);
    write("b.yaml", manifest("more"));
    await groups.open();
    write("a.yaml", manifest("stock"));
    rmSync(join(folder, "b.yaml"));
    assert.deepEqual(await reread(), ["shop/stock"]);
  });

  it("stay when the whole folder goes away, and a missing folder is an error at first", async () => {
    write("a.yaml", manifest("orders"));
    await groups.open();
    renameSync(folder, `${folder}.away`);
    assert.deepEqual(await reread(), ["shop/orders"]);
    assert.deepEqual(troubles(), [{ file: folder, problems: ["there is no such folder"] }]);
    await assert.rejects(open().open(), { code: "GROUPS_DIR", target: folder });
    renameSync(`${folder}.away`, folder);
    await reread();
    assert.deepEqual(troubles(), []);
  });

  it("are not read from what is too large, no file, or too many", async () => {
    write("large.yaml", "");
    truncateSync(join(folder, "large.yaml"), groupsFolderLimits.fileBytes + 1);
    mkdirSync(join(folder, "folder.yaml"));
    symlinkSync("/nowhere", join(folder, "dangling.yaml"));
    symlinkSync("/dev/zero", join(folder, "zero.yaml"));
    write("bomb.yaml", `a: &a [1]\n${Array.from({ length: 12 }, (_, index) => `x${index}: &x${index} [${Array.from({ length: 9 }, () => `*${index === 0 ? "a" : `x${index - 1}`}`).join(", ")}]`).join("\n")}\n`);
    write("good.yaml", manifest("orders"));
    await groups.open();
    assert.deepEqual([...groups.current().keys()], ["shop/orders"]);
    assert.deepEqual(troubles().map(({ file }) => file), ["bomb.yaml", "folder.yaml", "large.yaml", "zero.yaml"]);
    for (let index = 0; index <= groupsFolderLimits.files; index += 1) write(`n${index}.yaml`, "");
    await reread();
    assert.match(troubles()[0]?.problems[0] ?? "", /only the first 1000/u);
  });

  it("are followed: a change is told, one that changes nothing is not", async () => {
    write("a.yaml", manifest("orders"));
    await groups.open();
    const stop = new AbortController();
    const following = groups.follow(stop.signal);
    const { changed } = groups;
    write("a.yaml", `# a comment\n${manifest("orders")}`);
    write("b.yaml", manifest("stock"));
    await waitUntil(() => changed.aborted, Boolean);
    assert.deepEqual([...groups.current().keys()], ["shop/orders", "shop/stock"]);
    assert.deepEqual(log.lines.at(-1)?.fields, { added: ["shop/stock"], changed: [], gone: [] });
    stop.abort();
    await following;
  });

  it("hold while the folder hangs, which is told, and are read when it answers again", async () => {
    write("a.yaml", manifest("orders"));
    const files = createFiles(() => Promise.resolve(undefined));
    const hang = { until: Promise.resolve() };
    groups = new GroupsFolder({ folder, files: { ...files, stat: async (path) => { await hang.until; return files.stat(path); } }, clock, log });
    await groups.open();
    const { promise, resolve } = Promise.withResolvers<void>();
    hang.until = promise;
    write("b.yaml", manifest("stock"));
    clock.jump(2000);
    const asked = groups.read({ namespace: "shop", name: "stock" }, signal);
    await clock.asleep(10_000);
    clock.jump(10_000);
    assert.equal(await asked, undefined);
    assert.deepEqual([[...groups.current().keys()], troubles()], [["shop/orders"], [{ file: folder, problems: ["it does not answer"] }]]);
    resolve();
    await waitUntil(() => troubles().length, (count) => count === 0);
    assert.deepEqual([...groups.current().keys()], ["shop/orders", "shop/stock"]);
  });

  it("are asked for out of turn once a second at the most", async () => {
    await groups.open();
    clock.jump(2000);
    assert.equal(await groups.read({ namespace: "shop", name: "orders" }, signal), undefined);
    write("a.yaml", manifest("orders"));
    assert.equal(await groups.read({ namespace: "shop", name: "orders" }, signal), undefined);
    clock.jump(1000);
    assert.equal((await groups.read({ namespace: "shop", name: "orders" }, signal))?.key.name, "orders");
  });
});
