import { renderLastAnswer } from "../../src/harness/registration/last-answer.ts";
import { registerAsk } from "../registration/wire-lab.ts";
import assert from "node:assert/strict";
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Command, CommandContext } from "../../src/cli/command.ts";
import { configSet } from "../../src/cli/commands/config-set.ts";
import { configShow } from "../../src/cli/commands/config-show.ts";
import { configValidate } from "../../src/cli/commands/config-validate.ts";
import { configPathOf, foldersOf, readSources } from "../../src/cli/config/read-sources.ts";
import { mask, showable, type Report } from "../../src/cli/config/report.ts";
import { loadSettings } from "../../src/cli/settings.ts";
import { isMeshError, MeshErrors } from "../../src/model/errors.ts";
import type { Host, Log } from "../../src/platform/host.ts";
import { createLinuxHost } from "../../src/platform/linux/host.ts";
import { silentLog } from "../fakes/silent-log.ts";
import { noCrash } from "./in-process.ts";

describe("config", () => {
  let folder = "";
  let config = "";
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "settings-"));
    config = join(folder, "config.yaml");
  });
  afterEach(() => rm(folder, { recursive: true }));

  it("show prints each value with its origin, and every problem, and ends with 1", async () => {
    await writeFile(config, "# ours\nlogLevel: loud\nclusterDomain: example.org\nproxyPrt: 1\n");
    const { code, value, text } = await run(configShow, { config, "proxy-log": "debug" }, { LINKERD_MESH_SHUTDOWN_GRACE: "5s" });
    assert.equal(code, 1);
    const report = value as Report;
    const setting = (name: string): unknown => report.settings.find((row) => row.setting === name);
    assert.deepEqual(setting("clusterDomain"), { setting: "clusterDomain", value: "example.org", origin: "file", saidBy: `${config}:3 clusterDomain` });
    assert.deepEqual(setting("proxyLog"), { setting: "proxyLog", value: "debug", origin: "flag", saidBy: "--proxy-log" });
    assert.deepEqual(setting("shutdownGrace"), { setting: "shutdownGrace", value: "5s", origin: "environment", saidBy: "LINKERD_MESH_SHUTDOWN_GRACE" });
    assert.deepEqual(setting("policySvcAddr"), { setting: "policySvcAddr", value: "linkerd-policy.linkerd.svc.example.org:8090", origin: "derived" });
    assert.deepEqual(setting("proxyInboundPort"), { setting: "proxyInboundPort", value: "4143", origin: "default" });
    assert.deepEqual(setting("logLevel"), { setting: "logLevel" });
    assert.equal(setting("groupsDir"), undefined);
    assert.deepEqual(report.problems.map(({ code: problem }) => problem), ["SETTING_UNKNOWN", "SETTING_INVALID", "SETTING_REQUIRED", "SETTING_REQUIRED", "SETTING_REQUIRED"]);
    assert.match(text, /^clusterDomain +example\.org +.*config\.yaml:3 clusterDomain$/m);
    assert.match(text, /^outboundNetworksToIgnore +\(none\) +default$/m);
    assert.match(text, /^probe +-$/m);
    assert.match(text, /^problem: .*did you mean/m);
  });

  it("show for the registration service shows its settings and asks for none of the machine's", async () => {
    await writeFile(config, "groupsDir: /groups\n");
    const { code, value } = await run(configShow, { config, for: "autoregister" });
    assert.equal(code, 0);
    const names = (value as Report).settings.map(({ setting }) => setting);
    assert.ok(names.includes("listenAddress") && names.includes("stateDir") && !names.includes("proxyPath"));
  });

  it("show says what the group said at the last registration, below what the machine says", async () => {
    const { incarnation, group } = registerAsk;
    const answer = {
      workload: { namespace: "shop", name: "orders-1" }, uid: "u", identity: "spiffe://x/y", serverName: "s", probe: undefined, ports: [], configVersion: "c1",
      proxy: { policyName: "policy.group.test", clusterDomain: "group.test" }, lease: { token: "t0k3n", duration: 40_000, renewInterval: 10_000, deregisterAfter: 0 },
    };
    await writeFile(join(folder, "registration.json"), renderLastAnswer({ identity: "spiffe://x/y", group, incarnation, savedAt: new Date(1e12), answer }));
    const told = (name: string): string => `inboundNetworkAddress: 10.0.0.5\nworkloadGroupName: ${name}\nworkloadGroupNamespace: ${group.namespace}\nclusterDomain: own.test\nstateDir: ${folder}\n`;
    const show = async (name: string): Promise<string> => {
      await writeFile(config, told(name));
      return (await run(configShow, { config })).text;
    };
    const text = await show(group.name);
    assert.match(text, /^policySvcName +policy\.group\.test +the group's policySvcName$/m);
    assert.match(text, /^clusterDomain +own\.test +/m);
    assert.doesNotMatch(text, /t0k3n/u);
    // What another group said is not this machine's.
    assert.doesNotMatch(await show("others"), /policy\.group\.test/u);
  });

  it("validate says yes and no", async () => {
    await writeFile(config, "inboundNetworkAddress: 10.0.0.5\nregistration: static\nworkloadName: a\nworkloadNamespace: b\n");
    const good = await run(configValidate, { config });
    assert.deepEqual([good.code, good.text], [0, "No problem."]);
    await writeFile(config, "inboundNetworkAddress: [10.0.0.5\n");
    const bad = await run(configValidate, { config });
    assert.equal(bad.code, 1);
    assert.match(bad.text, /CONFIG_UNREADABLE/);
    assert.match(bad.text, /^1 problem\.$/m);
  });

  it("a file that was named and is not there, or cannot be read, is a problem like others", async () => {
    const { value } = await run(configValidate, { config: join(folder, "no.yaml") });
    assert.match(JSON.stringify(value), /no\.yaml: there is no such file/);
    const asFolder = await run(configValidate, { config: folder });
    assert.match(JSON.stringify(asFolder.value), /CONFIG_UNREADABLE/);
  });

  it("set changes one line, keeps the rest and the file's mode, and leaves nothing beside it", async () => {
    await writeFile(config, "# ours\nlogLevel: info # loud enough\n");
    await chmod(config, 0o640);
    const { code, value, text } = await run(configSet, { config, setting: "log-level", value: "Debug" });
    assert.equal(code, 0);
    assert.deepEqual(value, { configFile: config, setting: "logLevel", value: "debug", changed: true });
    assert.equal(text, `logLevel is debug in ${config}.`);
    assert.equal(await readFile(config, "utf8"), "# ours\nlogLevel: debug # loud enough\n");
    assert.equal((await stat(config)).mode & 0o777, 0o640);
    assert.deepEqual(await readdir(folder), ["config.yaml"]);
    assert.equal((await run(configSet, { config, setting: "logLevel", value: "debug" })).text, `${config} says so already; nothing was changed.`);
    assert.equal((await run(configSet, { config, setting: "LOG_LEVEL", unset: true })).text, `logLevel removed from ${config}.`);
    assert.equal(await readFile(config, "utf8"), "# ours\n");
  });

  it("set makes the file and its folder when there is none", async () => {
    const fresh = join(folder, "new", "config.yaml");
    await run(configSet, { config: fresh, setting: "clusterNetworks", value: "fd00::/8, 10.0.0.0/8" });
    assert.equal(await readFile(fresh, "utf8"), "clusterNetworks: \"10.0.0.0/8,fd00::/8\"\n");
  });

  it("set refuses what is not a setting or not a value, and what contradicts the rest, and the file stays as it was", async () => {
    const before = "proxyOutboundPort: 4000\nunknownThing: 1\n";
    await writeFile(config, before);
    await assert.rejects(run(configSet, { config, setting: "logLevl", value: "x" }), (error) => isMeshError(error, "SETTING_UNKNOWN") && error.what.includes("did you mean logLevel"));
    await assert.rejects(run(configSet, { config, setting: "logLevel", value: "loud" }), (error) => isMeshError(error, "SETTING_INVALID"));
    await assert.rejects(run(configSet, { config, setting: "logLevel" }), (error) => isMeshError(error, "USAGE"));
    await assert.rejects(run(configSet, { config, setting: "logLevel", value: "info", unset: true }), (error) => isMeshError(error, "USAGE"));
    await assert.rejects(run(configSet, { config, setting: "proxyInboundPort", value: "4000" }), (error) => error instanceof MeshErrors && error.errors.length === 1);
    assert.equal(await readFile(config, "utf8"), before);
    assert.deepEqual(await readdir(folder), ["config.yaml"]);
  });

  it("set may mend a file that has other problems, also when their lines move", async () => {
    await writeFile(config, "logLevel: info\nunknownThing: 1\nproxyInboundPort: 4140\n");
    await run(configSet, { config, setting: "logLevel", unset: true });
    assert.equal(await readFile(config, "utf8"), "unknownThing: 1\nproxyInboundPort: 4140\n");
  });

  it("set waits for nobody: while another one changes the file it says so", async () => {
    await writeFile(config, "");
    const host = hostWith();
    await using lock = await host.files.lock(`${config}.lock`);
    assert.ok(lock !== undefined);
    await assert.rejects(run(configSet, { config, setting: "logLevel", value: "info" }), (error) => isMeshError(error, "CONFIG_BUSY"));
  });

  it("masks a secret", () => {
    assert.equal(showable({ secret: true }, "hunter2"), mask);
    assert.equal(showable({}, "seen"), "seen");
  });
});

describe("the settings of a command", () => {
  it("come with their types, and notices go to the log", async () => {
    const lines: string[] = [];
    const log: Log = { write: (level, message) => lines.push(`${level} ${message}`), child: () => log };
    const host = hostWith({ LINKERD_MESH_CONFIG: "", LINKERD_MESH_WORKLOAD_NAME: "a" }, log);
    const settings = await loadSettings(host, { options: { "shutdown-grace": "1m" }, role: "none" });
    assert.equal(settings.shutdownGrace, 60_000);
    assert.deepEqual(lines, ["warn LINKERD_MESH_WORKLOAD_NAME has no effect with registration dynamic"]);
  });

  it("are refused with every problem at once", async () => {
    const failing = loadSettings(hostWith({ LINKERD_MESH_LOG_LEVEL: "loud" }), { options: { "proxy-user": "root" }, role: "run" });
    await assert.rejects(failing, (error) => error instanceof MeshErrors && error.errors.length === 5);
  });

  it("come from the file that the flag, else the variable names, else from the system's", async () => {
    const environment = { LINKERD_MESH_CONFIG: "/variable" };
    assert.equal(configPathOf({ os: "linux", environment }, "/flag"), "/flag");
    assert.equal(configPathOf({ os: "linux", environment }, undefined), "/variable");
    assert.equal(configPathOf({ os: "linux", environment: {} }, undefined), "/etc/linkerd-mesh/config.yaml");
    assert.equal(configPathOf({ os: "win32", environment: {} }, undefined), undefined);
    assert.equal((await readSources({ ...hostWith(), os: "win32" }, { flags: {} })).file, undefined);
    assert.deepEqual(foldersOf({ environment: { PROGRAMFILES: "D:\\P" } }), { ProgramFiles: "D:\\P", ProgramData: "C:\\ProgramData" });
  });
});

function hostWith(environment: Readonly<Record<string, string>> = {}, log: Log = silentLog): Host {
  return createLinuxHost({ log, environment, self: { file: process.execPath, args: [] } });
}

async function run(command: Command, options: CommandContext["options"], environment: Readonly<Record<string, string>> = {}): Promise<{ code: 0 | 1; value: unknown; text: string }> {
  const results: unknown[] = [];
  const code = await command.run({
    host: hostWith(environment),
    signal: new AbortController().signal,
    crash: noCrash,
    options,
    settings: () => assert.fail("config commands judge the settings themselves"),
    progress: () => undefined, logBesides: () => undefined,
    result: (value) => results.push(value),
  });
  const [value] = results;
  assert.equal(results.length, 1);
  const schema = typeof command.output === "function" ? await command.output() : command.output;
  assert.ok(schema !== undefined);
  schema.parse(value);
  return { code, value, text: command.render?.(value as never) ?? "" };
}
