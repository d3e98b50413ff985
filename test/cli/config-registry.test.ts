import assert from "node:assert/strict";
import type { Command, CommandContext } from "../../src/cli/command.ts";
import { configSet } from "../../src/cli/commands/config-set.ts";
import { configShow } from "../../src/cli/commands/config-show.ts";
import { configValidate } from "../../src/cli/commands/config-validate.ts";
import type { Report } from "../../src/cli/config/report.ts";
import { MeshError, MeshErrors } from "../../src/model/errors.ts";
import { FakeHost } from "../fakes/host.ts";
import { FakeRegistry } from "../fakes/registry.ts";
import { noCrash } from "./in-process.ts";

const key = "HKLM\\SOFTWARE\\Buoyant\\Linkerd";
const policyKey = "HKLM\\SOFTWARE\\Policies\\Buoyant\\Linkerd";

describe("config, where the registry holds the settings", () => {
  let host: FakeHost;
  beforeEach(() => {
    host = new FakeHost();
    host.os = "win32";
    host.registry = new FakeRegistry(key);
  });

  it("set writes a value in its canonical form, and --unset removes it", async () => {
    assert.deepEqual(await run(configSet, { setting: "outboundPortsToIgnore", value: "8081, 25" }), {
      code: 0, value: { registryKey: key, setting: "outboundPortsToIgnore", value: "25,8081", changed: true }, text: `outboundPortsToIgnore is 25,8081 in ${key}.`,
    });
    assert.deepEqual(host.registry.values, { OutboundPortsToIgnore: "25,8081" });
    assert.equal((await run(configSet, { setting: "OUTBOUND_PORTS_TO_IGNORE", value: "25,8081" })).text, `${key} says so already; nothing was changed.`);
    assert.equal((await run(configSet, { setting: "OutboundPortsToIgnore", unset: true })).text, `outboundPortsToIgnore removed from ${key}.`);
    assert.deepEqual(host.registry.values, {});
    assert.equal((await run(configSet, { setting: "logLevel", unset: true })).text, `${key} says so already; nothing was changed.`);
  });

  it("set keeps a value's name as it was written, and replaces one that is no text", async () => {
    host.registry.values = { LOGLEVEL: "debug" };
    await run(configSet, { setting: "logLevel", value: "warn" });
    assert.deepEqual(host.registry.values, { LOGLEVEL: "warn" });
    host.registry.values = {};
    host.registry.troubles = { ProxyLog: "REG_BINARY" };
    assert.equal((await run(configSet, { setting: "proxyLog", value: "warn" })).text, `proxyLog is warn in ${key}.`);
    assert.deepEqual(host.registry.values, { ProxyLog: "warn" });
  });

  it("set refuses what the table refuses, and what contradicts another value there, but not because of old problems", async () => {
    host.registry.values = { ProxyInboundPort: "4143", LogLevel: "loud" };
    await assert.rejects(run(configSet, { setting: "logLevel", value: "louder" }), { code: "SETTING_INVALID" });
    await assert.rejects(run(configSet, { setting: "logLevl", value: "info" }), (error) => error instanceof MeshError && error.code === "SETTING_UNKNOWN" && /did you mean logLevel/u.test(error.what));
    await assert.rejects(run(configSet, { setting: "proxyOutboundPort", value: "4143" }), (error) => error instanceof MeshErrors && error.errors.some(({ message }) => message.includes("4143")));
    assert.deepEqual(host.registry.values, { ProxyInboundPort: "4143", LogLevel: "loud" });
    await run(configSet, { setting: "proxyOutboundPort", value: "4144" });
    assert.deepEqual(host.registry.values, { ProxyInboundPort: "4143", LogLevel: "loud", ProxyOutboundPort: "4144" });
  });

  it("set tells when a policy counts instead", async () => {
    host.registry.policy = { path: policyKey, values: { LogLevel: "error" } };
    const { value, text } = await run(configSet, { setting: "logLevel", value: "debug" });
    assert.equal((value as { overruledBy: string }).overruledBy, `${policyKey}\\LogLevel`);
    assert.match(text, /\nnote: the policy HKLM\\SOFTWARE\\Policies\\Buoyant\\Linkerd\\LogLevel counts instead\.$/u);
  });

  it("set changes the file that is named, and not the registry", async () => {
    const { value } = await run(configSet, { setting: "logLevel", value: "debug", config: "C:\\mesh\\config.yaml" });
    assert.deepEqual(value, { configFile: "C:\\mesh\\config.yaml", setting: "logLevel", value: "debug", changed: true });
    assert.equal(host.registry.values, undefined);
    assert.equal(host.texts.get("C:\\mesh\\config.yaml"), "logLevel: debug\n");
  });

  it("show and validate name policy and registry, and tell a flag that it is overruled", async () => {
    host.registry.policy = { path: policyKey, values: { LogLevel: "error" } };
    host.registry.values = { LogLevel: "info", ClusterDomain: "example.org", ClusterDomin: "x" };
    const { value } = await run(configShow, { "log-level": "debug" });
    const { settings, notices } = value as Report;
    const find = (name: string): unknown => settings.find(({ setting }) => setting === name);
    assert.deepEqual(find("logLevel"), { setting: "logLevel", value: "error", origin: "policy", saidBy: `${policyKey}\\LogLevel` });
    assert.deepEqual(find("clusterDomain"), { setting: "clusterDomain", value: "example.org", origin: "registry", saidBy: `${key}\\ClusterDomain` });
    assert.deepEqual(notices.map(({ message }) => message), [`${key}\\ClusterDomin is not a setting; did you mean ClusterDomain?`, `--log-level is overruled by the policy ${policyKey}\\LogLevel`]);
    host.registry.troubles = { ProxyLog: "REG_BINARY is no type of a setting" };
    const verdict = (await run(configValidate, {})).value as { problems: { code: string; target?: string }[] };
    assert.ok(verdict.problems.some(({ code, target }) => code === "SETTING_INVALID" && target === `${key}\\ProxyLog`));
  });

  async function run(command: Command, options: CommandContext["options"]): Promise<{ readonly code: number; readonly value: unknown; readonly text: string }> {
    const results: unknown[] = [];
    const unused = (): never => assert.fail("config commands judge the settings themselves");
    const code = await command.run({ host, signal: new AbortController().signal, crash: noCrash, options, settings: unused, progress: unused, logBesides: unused, result: (value) => results.push(value) });
    const [value] = results;
    assert.ok(typeof command.output === "object" && results.length === 1);
    command.output.parse(value);
    return { code, value, text: command.render?.(value as never) ?? "" };
  }
});
