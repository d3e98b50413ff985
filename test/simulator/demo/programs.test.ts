import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Processes } from "../../../src/platform/host.ts";
import { commonFolder, relocateProgram, renderProxyShim } from "../../../src/simulator/demo/programs.ts";

const processes: Pick<Processes, "self"> = { self: (words) => ({ file: "/root/mesh/node_modules/node/bin/node", args: ["--flag", "/root/mesh/src/main.ts", ...words] }) };

describe("the demo's own program", () => {
  it("is found where its folder is bound to", () => {
    const program = relocateProgram(processes as Processes, { from: "/root/mesh", to: "/tmp/demo/program" });
    assert.deepEqual(program.command(["run", "/root/mesh2/x"]), {
      file: "/tmp/demo/program/node_modules/node/bin/node",
      args: ["--flag", "/tmp/demo/program/src/main.ts", "run", "/root/mesh2/x"],
    });
  });

  it("has a folder of its own: the deepest that holds all of it", () => {
    assert.equal(commonFolder(["/root/mesh/node_modules/bin/node", "/root/mesh/src/main.ts", "--flag"]), "/root/mesh");
    assert.equal(commonFolder(["/usr/bin/linkerd-mesh"]), "/usr/bin");
    assert.equal(commonFolder(["/opt/node", "/usr/main.ts"]), "/");
  });

  it("stands in for the proxy by a script that becomes it, whatever its path holds", () => {
    const folder = mkdtempSync(join(tmpdir(), "it's a shim "));
    const [target, shim] = [join(folder, "target"), join(folder, "shim")];
    writeFileSync(target, '#!/bin/sh\necho "$$ $*"\n');
    writeFileSync(shim, renderProxyShim({ file: target, args: ["simulate", "proxy"] }));
    for (const file of [target, shim]) chmodSync(file, 0o755);
    assert.match(execFileSync(shim, ["--extra"], { encoding: "utf8" }), /^\d+ simulate proxy --extra\n$/);
    rmSync(folder, { recursive: true });
  });
});
