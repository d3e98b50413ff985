import assert from "node:assert/strict";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commandTable } from "../../src/cli/commands/index.ts";
import { buildInto } from "../support/build.ts";
import { openPlace, type Ended, type Place } from "./support/place.ts";

describe("the executable on Linux", function () {
  this.timeout(120_000);
  let place: Place;
  before(() => {
    place = openPlace();
  });
  after(() => place[Symbol.dispose]());

  it("says its version and what it can", () => {
    assert.deepEqual(outcome(place.run(["--version"])), { status: 0, stderr: "", stdout: "linkerd-mesh 0.1.0\n" });
    assert.match(place.run(["--help"]).stdout, /^linkerd-mesh joins a machine/u);
  });

  for (const name of commandTable.entries.map((entry) => entry.name.join(" "))) {
    it(`has the code of '${name}' inside`, () => {
      const { status, stdout, stderr } = place.run([...name.split(" "), "--help"]);
      assert.deepEqual([status, stderr], [0, ""]);
      assert.match(stdout, new RegExp(`Usage: linkerd-mesh (?:${name}|\\[COMMAND\\])`, "u"));
    });
  }

  it("shows the settings, and where each comes from", () => {
    const { stdout } = place.run(["config", "show", "--output", "json"], { LINKERD_MESH_CLUSTER_DOMAIN: "example.org" });
    assert.match(stdout, /example\.org/u);
  });

  it("explains a wrong command line as the sources do", () => {
    const { status, stderr } = place.run(["conifg"]);
    assert.equal(status, 2);
    assert.match(stderr, /code {3}USAGE/u);
  });

  it("runs the demo, with simulator, mesh and peers, on loopback", () => {
    const { status, stdout, stderr } = place.run(["simulate", "demo", "--stage", "loopback", "--output", "json"]);
    assert.equal(status, 0, stderr);
    assert.match(stdout, /"id":"identity","title":"[^"]*","seconds":[\d.e-]+,"outcome":\{"status":"shown"/u);
  });

  it("starts itself again: the harness as PROXY_USER and our small proxy, in the whole demo", function () {
    if (process.getuid?.() !== 0) return assert.notEqual(process.getuid?.(), 0, "only root can become another account");
    const { status, stdout, stderr } = place.run(["simulate", "demo", "--output", "json"]);
    assert.equal(status, 0, stderr);
    assert.doesNotMatch(stdout, /"status":"failed"/u);
    assert.match(stdout, /"id":"redirect","title":"[^"]*","seconds":[\d.e-]+,"outcome":\{"status":"shown"/u);
  });

  it("has unpacked nothing anywhere", () => {
    assert.deepEqual(place.left(), []);
    assert.deepEqual(readdirSync(place.folder).sort(), ["koffi-linux.node", "linkerd-mesh"]);
  });

  it("refuses a library that is not the one it was built with, and the absence of it", () => {
    using other = openPlace();
    const library = join(other.folder, "koffi-linux.node");
    const lock = (): ReturnType<Place["run"]> => other.run(["config", "set", "clusterDomain", "a.b", "--config", join(other.current, "c.yaml")]);
    assert.equal(lock().status, 0, "a command that calls the system");
    writeFileSync(library, "another");
    assert.equal(lock().status, 3);
    assert.match(lock().stderr, /is not the file that this executable was built with[^]*INSTALL_DAMAGED[^]*Install the product again/u);
    rmSync(library);
    assert.match(lock().stderr, /no such file[^]*INSTALL_DAMAGED/u);
  });

  it("is the same, byte by byte, when it is built again", () => {
    using other = openPlace();
    buildInto(join(other.top, "one"));
    buildInto(join(other.top, "two"));
    assert.equal(readSums(join(other.top, "one")), readSums(join(other.top, "two")));
  });
});

function outcome({ status, stdout, stderr }: Ended): Ended {
  return { status, stdout, stderr };
}

function readSums(folder: string): string {
  return readFileSync(join(folder, "SHA256SUMS"), "utf8");
}
