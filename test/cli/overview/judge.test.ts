import assert from "node:assert/strict";
import type { MachineFacts } from "../../../src/cli/overview/facts.ts";
import { judgeOverview } from "../../../src/cli/overview/judge.ts";
import { overviewSchema, type Overview } from "../../../src/cli/overview/overview.ts";
import { renderOverview } from "../../../src/cli/overview/render.ts";
import { MeshError } from "../../../src/model/errors.ts";
import { assertGolden } from "../../support/golden.ts";

const stopped: MachineFacts = {
  version: "1.2.3",
  os: "linux",
  account: { name: "root", mayRedirect: true },
  config: { path: "/etc/linkerd-mesh/config.yaml", present: true, problems: [] },
  harness: { address: "127.0.0.1:4192", state: "absent" },
  spire: { path: "/run/spire.sock", state: "present", service: "spire-agent" },
  proxy: { path: "/opt/linkerd-mesh/linkerd2-proxy", state: "present" },
  wantsRedirect: true,
};

const required = ["inboundNetworkAddress", "workloadName"].map((target) => new MeshError("SETTING_REQUIRED", { doing: "reading the settings", what: `${target} has no value`, target }));
const invalid = new MeshError("SETTING_INVALID", { doing: "reading the settings", what: "--log-level: \"loud\" cannot be used", target: "--log-level" });
const address = "127.0.0.1:4192";

const cases: Readonly<Record<string, readonly [Partial<MachineFacts>, Overview["state"], string]>> = {
  stopped: [{}, "stopped", "linkerd-mesh run"],
  unconfigured: [{ config: { ...stopped.config, present: false, problems: required } }, "unconfigured", "linkerd-mesh config set inboundNetworkAddress VALUE"],
  misconfigured: [{ config: { ...stopped.config, problems: [invalid, ...required] } }, "misconfigured", "linkerd-mesh config validate"],
  "no-proxy": [{ proxy: { ...stopped.proxy, state: "absent" } }, "no-proxy", "linkerd-mesh config set proxyPath PATH"],
  "no-program": [{ proxy: { ...stopped.proxy, state: "unusable" } }, "no-proxy", "linkerd-mesh config set proxyPath PATH"],
  "no-identity": [{ spire: { ...stopped.spire, state: "absent" } }, "no-identity", "systemctl status spire-agent"],
  "no-identity-windows": [{ os: "win32", spire: { ...stopped.spire, state: "absent" } }, "no-identity", "sc.exe query spire-agent"],
  "no-rights": [{ account: { name: "jo", mayRedirect: false } }, "no-rights", "sudo linkerd-mesh run"],
  "receives-only": [{ account: { name: "jo", mayRedirect: false }, wantsRedirect: false }, "stopped", "linkerd-mesh run"],
  unseen: [{ spire: { ...stopped.spire, state: "unseen" } }, "stopped", "linkerd-mesh run"],
  "port-taken": [{ harness: { address, state: "strange", detail: "its answer is no JSON" } }, "port-taken", "ss -ltnp 'sport = :4192'"],
  joining: [{ harness: { address, state: "answering", ready: false, phase: "waitIdentity" } }, "joining", "linkerd-mesh status"],
  serving: [{ harness: { address, state: "answering", ready: true, phase: "serving" } }, "serving", "linkerd-mesh status"],
};

describe("the overview", () => {
  for (const [name, [facts, state, command]] of Object.entries(cases)) {
    it(`of a machine that is ${name} says ${state} and gives one command`, () => {
      const overview = overviewSchema.parse(judgeOverview({ ...stopped, ...facts }));
      assert.deepEqual([overview.state, overview.next.command], [state, command]);
      assertGolden(`cli/overview/${name}.txt`, `${renderOverview(overview)}\n`);
    });
  }

  it("shows every state that it knows", () => {
    const shown = new Set(Object.values(cases).map(([, state]) => state));
    assert.deepEqual([...shown].toSorted(), overviewSchema.shape.state.options.toSorted());
  });

  it("believes a running harness before it finds fault with anything else", () => {
    const facts: MachineFacts = { ...stopped, harness: { address, state: "answering", ready: true, phase: "serving" }, config: { ...stopped.config, problems: [invalid] } };
    assert.equal(judgeOverview(facts).state, "serving");
  });
});
