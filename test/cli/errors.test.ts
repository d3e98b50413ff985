import assert from "node:assert/strict";
import { errorCatalogue } from "../../src/model/error-catalogue.ts";
import { MeshError, MeshErrors } from "../../src/model/errors.ts";
import type { CommandTable } from "../../src/cli/command.ts";
import { Stopped } from "../../src/cli/terminal.ts";
import { assertGolden } from "../support/golden.ts";
import { parseLines, runInProcess, type Setting } from "./in-process.ts";

const failures: Readonly<Record<string, unknown>> = {
  usage: new MeshError("USAGE", { doing: "reading the command line", what: "there is no option --plna; did you mean --plan?" }),
  file: new MeshError("FILE_FAILED", { doing: "reading the config file", what: "EACCES: permission denied", target: "/etc/x", remedy: "Run it as root." }),
  several: new MeshErrors([
    new MeshError("SETTING_INVALID", { doing: "reading the settings", what: "--log-level: \"loud\" cannot be used", target: "--log-level" }),
    new MeshError("SETTING_REQUIRED", { doing: "reading the settings", what: "inboundNetworkAddress has no value", target: "inboundNetworkAddress" }),
  ]),
  unexpected: new TypeError("x is not a function"),
  wordless: new Error(""),
  thrown: "a text",
  interrupted: new Stopped("SIGINT"),
};

describe("errors", () => {
  for (const [name, failure] of Object.entries(failures)) {
    it(`'${name}' reads as the reviewed file says`, async () => {
      const ran = await runInProcess(["fail"], failing(failure));
      assert.equal(ran.stdout, "");
      assertGolden(`cli/errors/${name}.txt`, `${ran.stderr}exit code ${ran.code}\n`);
    });

    it(`'${name}' is objects under --progress json`, async () => {
      const ran = await runInProcess(["fail", "--progress", "json"], failing(failure));
      assertGolden(`cli/errors/${name}.json`, parseLines(ran.stderr).map((line) => `${JSON.stringify(line, undefined, 2)}\n`).join(""));
    });
  }

  it("one that nobody caught ends a command that is still at work, as an unexpected one does", async () => {
    const crash = Promise.reject(new TypeError("x is not a function"));
    const busy = failing(undefined, { crash }, () => Promise.withResolvers<never>().promise);
    assert.deepEqual(await runInProcess(["fail"], busy), await runInProcess(["fail"], failing(failures["unexpected"])));
  });

  it("nobody reading the output is no error", async () => {
    assert.deepEqual(await runInProcess(["fail"], failing(new Stopped("nobody reads the output"))), { code: 0, stdout: "", stderr: "" });
  });

  for (const [code, { exit }] of Object.entries(errorCatalogue)) {
    it(`${code} ends with ${exit}`, async () => {
      const error = new MeshError(code as keyof typeof errorCatalogue, { doing: "trying", what: "it failed" });
      assert.equal((await runInProcess(["fail"], failing(error))).code, exit);
    });
  }

  it("the gravest of several decides the exit code", async () => {
    const [doing, what] = ["trying", "it failed"];
    const both = new MeshErrors([new MeshError("INTERNAL", { doing, what }), new MeshError("USAGE", { doing, what })]);
    assert.equal((await runInProcess(["fail"], failing(both))).code, 3);
  });

  it("a stack is shown to who asks for debug, and to nobody else", async () => {
    const debug = await runInProcess(["fail"], failing(failures["unexpected"], { environment: { LINKERD_MESH_LOG_LEVEL: "debug" } }));
    assert.match(debug.stderr, /TypeError: x is not a function\n\s+at /u);
    assert.doesNotMatch((await runInProcess(["fail"], failing(failures["unexpected"]))).stderr, /\n\s+at /u);
  });

  it("is red on a terminal, unless NO_COLOR says otherwise", async () => {
    const coloured = await runInProcess(["fail"], failing(failures["usage"], { isTerminal: true }));
    assert.ok(coloured.stderr.startsWith("\u001b[31merror:\u001b[39m "));
    const plain = await runInProcess(["fail"], failing(failures["usage"], { isTerminal: true, environment: { NO_COLOR: "1" } }));
    assert.ok(plain.stderr.startsWith("error: "));
  });
});

function failing(failure: unknown, setting: Setting = {}, run?: () => Promise<0>): Setting {
  // A thrown text is what careless code does; the command line shows that too.
  const table: CommandTable = {
    groups: {},
    entries: [{
      name: ["fail"],
      describe: "Fail",
      load: () => Promise.resolve({ name: ["fail"], describe: "Fail", needsHost: false, examples: [], run: run ?? ((): Promise<0> => Promise.reject(failure as Error)) }),
    }],
  };
  return { ...setting, table };
}
