import assert from "node:assert/strict";
import fc from "fast-check";
import { accountOf, planServiceCalls, renderCommandLine } from "../../../src/platform/win32/plan-service-calls.ts";
import { planHarnessService, serviceWords } from "../../../src/setup/plan-harness-service.ts";
import { machineSettings } from "../../support/settings.ts";

const self = { file: "C:\\Program Files\\Buoyant\\Linkerd\\linkerd-mesh.exe", args: serviceWords };

describe("the calls that make the service", () => {
  const spec = planHarnessService({ ...machineSettings(), shutdownGrace: 20_000 }, { self, account: "own" });

  it("say everything of it, in calls whose effect Wine does not show", () => {
    assert.deepEqual(planServiceCalls(spec, false), [
      {
        call: "CreateServiceW",
        config: {
          name: "linkerd-proxy-harness", displayName: "Linkerd proxy harness", type: 0x10, start: 2, errorControl: 1,
          path: '"C:\\Program Files\\Buoyant\\Linkerd\\linkerd-mesh.exe" run --service', dependencies: [], account: "NT SERVICE\\linkerd-proxy-harness", password: null,
        },
      },
      { call: "ChangeServiceConfig2W", level: 1, detail: "description", text: "Joins this machine to a Linkerd mesh: gets its identity from SPIRE, registers it, and runs linkerd2-proxy." },
      {
        call: "ChangeServiceConfig2W", level: 2, detail: "failureActions", resetSeconds: 86_400,
        actions: [{ type: 1, delay: 5000 }, { type: 1, delay: 10_000 }, { type: 1, delay: 30_000 }],
      },
      { call: "ChangeServiceConfig2W", level: 4, detail: "failureActionsFlag", value: true },
      { call: "ChangeServiceConfig2W", level: 3, detail: "delayedAutoStart", value: false },
      { call: "ChangeServiceConfig2W", level: 5, detail: "sidType", value: 1 },
      { call: "ChangeServiceConfig2W", level: 6, detail: "requiredPrivileges", privileges: ["SeChangeNotifyPrivilege"] },
      { call: "ChangeServiceConfig2W", level: 7, detail: "preshutdown", value: 25_000 },
    ]);
  });

  it("change an existing service in the same way", () => {
    const [made, ...details] = planServiceCalls(spec, false);
    assert.deepEqual(planServiceCalls(spec, true), [{ ...made, call: "ChangeServiceConfigW" }, ...details]);
  });

  it("give LocalSystem its privileges back", () => {
    const calls = planServiceCalls({ ...spec, account: "system" }, false);
    assert.deepEqual([calls[0].config.account, calls[0].config.password], ["LocalSystem", ""]);
    assert.deepEqual(calls.find((call) => "detail" in call && call.detail === "requiredPrivileges"), { call: "ChangeServiceConfig2W", level: 6, detail: "requiredPrivileges", privileges: [] });
  });

  it("depend on SPIRE's service only when told so", () => {
    const dependent = planHarnessService({ ...machineSettings(), spireDependency: "on", spireServiceName: "spire-agent" }, { self, account: "own" });
    assert.deepEqual([planServiceCalls(dependent, false)[0].config.dependencies, accountOf(dependent)], [["spire-agent"], "NT SERVICE\\linkerd-proxy-harness"]);
  });
});

describe("a command line of Windows", () => {
  it("quotes the program always, and words only where they need it", () => {
    assert.equal(renderCommandLine(["C:\\a.exe", "run", "", "b c", 'say "hi"', "C:\\x y\\"]), '"C:\\a.exe" run "" "b c" "say \\"hi\\"" "C:\\x y\\\\"');
  });

  it("is split into the same words again", () => {
    const word = fc.string({ unit: fc.constantFrom("a", " ", '"', "\\", "\t", "-"), maxLength: 8 });
    fc.assert(fc.property(fc.array(word, { maxLength: 4 }), (words) => {
      assert.deepEqual(splitWords(renderCommandLine(["C:\\a.exe", ...words])), ["C:\\a.exe", ...words]);
    }));
  });
});

/** CommandLineToArgvW's rules, apart from its special ones for the program, which needs none here. */
function splitWords(line: string): readonly string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quoted = false;
  for (let at = 0; at < line.length;) {
    const backslashes = /^\\*/u.exec(line.slice(at))?.[0].length ?? 0;
    const next = line[at + backslashes];
    if (next === '"') {
      word = (word ?? "") + "\\".repeat(Math.floor(backslashes / 2));
      if (backslashes % 2 === 1) word += '"';
      else quoted = !quoted;
      at += backslashes + 1;
    } else if (backslashes > 0) {
      word = (word ?? "") + "\\".repeat(backslashes);
      at += backslashes;
    } else if (!quoted && (next === " " || next === "\t")) {
      if (word !== undefined) words.push(word);
      word = undefined;
      at += 1;
    } else {
      word = (word ?? "") + (next ?? "");
      at += 1;
    }
  }
  return word === undefined ? words : [...words, word];
}
