import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { createLinuxHost } from "../../../src/platform/linux/host.ts";
import { playDemo } from "../../../src/simulator/demo/demo.ts";
import { isPassed } from "../../../src/simulator/demo/outcome.ts";
import { silentLog } from "../../fakes/silent-log.ts";

const host = createLinuxHost({ log: silentLog, environment: process.env, self: { file: process.execPath, args: ["src/main.ts"] } });

function listFolders(): readonly string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith("linkerd-mesh-demo-"));
}

describe("the demo on loopback", function () {
  this.timeout(30_000);

  it("shows what needs no rights, names the rest with its reason, and leaves nothing", async () => {
    const before = listFolders();
    const told: string[] = [];
    const report = await playDemo({ host, proxyPath: undefined, stage: "loopback", tell: ({ id }) => void told.push(id), say: () => undefined }, AbortSignal.timeout(25_000));
    assert.equal(isPassed(report), true, JSON.stringify(report.steps));
    assert.deepEqual(told, report.steps.map(({ id }) => id));
    assert.deepEqual(report.steps.filter(({ outcome }) => outcome.status === "shown").map(({ id }) => id), ["mesh", "group", "identity", "outbound", "clean"]);
    const call = report.steps.find(({ id }) => id === "outbound")?.outcome;
    assert.match(call?.status === "shown" ? call.evidence : "", /^client\.mixed-env\..* and echo\.mixed-env\..* over TLSv1\.3$/);
    assert.deepEqual(listFolders(), before);
  });
});
