import assert from "node:assert/strict";
import fc from "fast-check";
import { resolve, type Resolution, type ResolveContext } from "../../../src/model/settings/resolve.ts";
import { settingKeys } from "../../../src/model/settings/settings.ts";
import { parseConfigFile } from "../../../src/model/settings/config-file.ts";
import type { Sources } from "../../../src/model/settings/sources.ts";
import { surfaceNames } from "../../../src/model/settings/surfaces.ts";
import { oses } from "./arbitraries.ts";

const folders = { ProgramFiles: "C:\\Program Files", ProgramData: "C:\\ProgramData" };
const policyPath = "HKLM\\SOFTWARE\\Policies\\Buoyant\\Linkerd";
const registryPath = "HKLM\\SOFTWARE\\Buoyant\\Linkerd";

const everywhere: Sources = {
  policy: { path: policyPath, values: { ClusterDomain: "policy.example" } },
  flags: { "cluster-domain": "flag.example" },
  environment: { LINKERD_MESH_CLUSTER_DOMAIN: "environment.example" },
  file: parseConfigFile("clusterDomain: file.example\n", "config.yaml"),
  registry: { path: registryPath, values: { ClusterDomain: "registry.example" } },
  group: { clusterDomain: "group.example" },
};

describe("where a value comes from", () => {
  it("is the strongest of policy, flag, environment, file, registry, group, default", () => {
    const order = ["policy", "flag", "environment", "file", "registry", "group"] as const;
    for (const [index, source] of order.entries()) {
      const left = order.slice(index).map((name) => (name === "flag" ? "flags" : name));
      const found = run(Object.fromEntries(left.map((name) => [name, everywhere[name]]))).resolved.get("clusterDomain");
      assert.deepEqual([found?.value, found?.origin], [`${source}.example`, source]);
    }
    assert.equal(run({}).resolved.get("clusterDomain")?.origin, "default");
  });

  it("names the place as its author knows it", () => {
    const where = (sources: Sources): string | undefined => run(sources).resolved.get("clusterDomain")?.where;
    assert.equal(where({ policy: everywhere.policy }), `${policyPath}\\ClusterDomain`);
    assert.equal(where({ flags: everywhere.flags }), "--cluster-domain");
    assert.equal(where({ environment: everywhere.environment }), "LINKERD_MESH_CLUSTER_DOMAIN");
    assert.equal(where({ file: everywhere.file }), "config.yaml:1 clusterDomain");
    assert.equal(where({ group: everywhere.group }), "the group's clusterDomain");
    assert.equal(where({}), undefined);
  });

  it("a flag that a policy overrules is told so", () => {
    assert.deepEqual(run(everywhere).notices, [{ key: "clusterDomain", text: `--cluster-domain is overruled by the policy ${policyPath}\\ClusterDomain` }]);
  });

  it("reads SPIFFE_ENDPOINT_SOCKET below our own variable and above the file", () => {
    const theirs = { SPIFFE_ENDPOINT_SOCKET: "unix:///theirs" };
    const file = parseConfigFile("spireSocketAddr: unix:///file", "config.yaml");
    const value = (sources: Sources): unknown => run(sources).resolved.get("spireSocketAddr")?.value;
    assert.equal(value({ environment: theirs, file }), "unix:///theirs");
    assert.equal(value({ environment: { ...theirs, LINKERD_MESH_SPIRE_SOCKET_ADDR: "unix:///ours" }, file }), "unix:///ours");
    assert.equal(value({ environment: { SPIFFE_ENDPOINT_SOCKET: "" }, file }), "unix:///file");
    assert.equal(run({ environment: theirs }).resolved.get("spireSocketAddr")?.where, "SPIFFE_ENDPOINT_SOCKET");
  });

  it("takes a variable that is set to nothing as not set, unless nothing is a value", () => {
    const { resolved, problems } = run({ environment: { LINKERD_MESH_PROXY_INBOUND_PORT: "", LINKERD_MESH_OUTBOUND_PORTS_TO_IGNORE: "" } });
    assert.deepEqual(problems, []);
    assert.equal(resolved.get("proxyInboundPort")?.origin, "default");
    assert.deepEqual(resolved.get("outboundPortsToIgnore")?.value, []);
  });

  it("ignores case in variables on Windows only", () => {
    const environment = { Linkerd_Mesh_Log_Level: "debug" };
    assert.equal(run({ environment }, { os: "win32" }).resolved.get("logLevel")?.value, "debug");
    assert.equal(run({ environment }).resolved.get("logLevel")?.value, "info");
  });
});

describe("derived values", () => {
  it("follow the setting they are derived from", () => {
    const { resolved } = run({ flags: { "cluster-domain": "example.org", "control-namespace": "mesh" } });
    const text = (key: "controlAddress" | "destinationSvcName" | "policySvcAddr"): string | undefined => resolved.get(key)?.text;
    assert.equal(text("controlAddress"), "linkerd-autoregistration.mesh.svc.example.org:8081");
    assert.equal(text("destinationSvcName"), "linkerd-destination.mesh.serviceaccount.identity.mesh.example.org");
    assert.equal(text("policySvcAddr"), "linkerd-policy.mesh.svc.example.org:8090");
    assert.equal(resolved.get("controlAddress")?.origin, "derived");
  });

  it("give way to the machine's own word, and to the group's where it may speak", () => {
    const { resolved } = run({ group: { destinationSvcAddr: "10.9.9.9:8086" }, flags: { "policy-svc-addr": "10.8.8.8:8090" } });
    assert.deepEqual(resolved.get("destinationSvcAddr")?.value, { host: "10.9.9.9", port: 8086 });
    assert.deepEqual(resolved.get("policySvcAddr")?.value, { host: "10.8.8.8", port: 8090 });
  });

  it("know the folders of Windows", () => {
    const { resolved } = run({}, { os: "win32" });
    assert.equal(resolved.get("proxyPath")?.text, "C:\\Program Files\\Buoyant\\Linkerd\\linkerd2-proxy.exe");
    assert.equal(resolved.get("logDir")?.text, "C:\\Program Files\\Buoyant\\Linkerd");
    assert.equal(resolved.get("stateDir")?.text, "C:\\ProgramData\\Buoyant\\Linkerd");
  });

  it("do not stand in for a value that could not be read, and make no second problem of it", () => {
    const { resolved, problems } = run({ flags: { "cluster-domain": "-bad-" } });
    assert.deepEqual(problems.map(({ target }) => target), ["--cluster-domain"]);
    assert.equal(resolved.has("clusterDomain"), false);
    assert.equal(resolved.has("controlAddress"), false);
  });

  it("say what they follow from when what comes out cannot be used", () => {
    const domain = Array.from({ length: 4 }, () => "a".repeat(60)).join(".");
    const { problems } = run({ flags: { "cluster-domain": domain } });
    assert.ok(problems.length > 0);
    assert.ok(problems.every(({ what }) => what.includes("derived from controlNamespace and clusterDomain")));
  });
});

describe("problems", () => {
  it("are told all at once, each by the name its author used", () => {
    const file = parseConfigFile("logLevel: loud\ncontrol_address: a:1\nproxyInboundPort: 70000\n", "/etc/x.yaml");
    const { settings, problems } = run({
      file,
      flags: { "shutdown-grace": "20" },
      environment: { LINKERD_MESH_PROXY_USER: "root", LINKERD_MESH_LOG_LEVL: "debug" },
    }, { role: "run" });
    assert.equal(settings, undefined);
    assert.deepEqual(problems.map(({ code, target }) => [code, target]), [
      ["SETTING_UNKNOWN", "LINKERD_MESH_LOG_LEVL"],
      ["SETTING_UNKNOWN", "/etc/x.yaml:2 control_address"],
      ["SETTING_INVALID", "/etc/x.yaml:1 logLevel"],
      ["SETTING_INVALID", "LINKERD_MESH_PROXY_USER"],
      ["SETTING_INVALID", "/etc/x.yaml:3 proxyInboundPort"],
      ["SETTING_INVALID", "--shutdown-grace"],
      ["SETTING_REQUIRED", "inboundNetworkAddress"],
      ["SETTING_REQUIRED", "workloadGroupName"],
      ["SETTING_REQUIRED", "workloadGroupNamespace"],
    ]);
    assert.match(problems[0]?.what ?? "", /did you mean LINKERD_MESH_LOG_LEVEL\?/);
    assert.match(problems[1]?.what ?? "", /did you mean controlAddress\?/);
  });

  it("name what a role and the way of registration require, and nothing in other roles", () => {
    const missing = (context: Partial<ResolveContext>, flags = {}): unknown => run({ flags }, context).problems.map(({ target }) => target);
    assert.deepEqual(missing({ role: "none" }), []);
    assert.deepEqual(missing({ role: "server" }), ["groupsDir"]);
    assert.deepEqual(missing({ role: "run" }, { registration: "static" }), ["inboundNetworkAddress", "workloadName", "workloadNamespace"]);
    assert.deepEqual(missing({ role: "run" }, { registration: "sometimes" }), ["--registration", "inboundNetworkAddress"]);
  });

  it("leave out nothing that a start needs: a complete machine has none", () => {
    const flags = { "inbound-network-address": "10.0.0.5,fd00::5", "workload-group-name": "orders", "workload-group-namespace": "shop" };
    const { settings, problems, notices } = run({ flags }, { role: "run" });
    assert.deepEqual([problems, notices], [[], []]);
    assert.deepEqual(settings?.inboundNetworkAddress, { v4: "10.0.0.5", v6: "fd00::5" });
    assert.equal(settings?.shutdownGrace, 20_000);
    assert.equal(settings?.workloadName, undefined);
  });

  it("take in settings that contradict each other, with the places that said them", () => {
    const about = (flags: Sources["flags"]): unknown => run({ flags }).problems.map(({ what }) => what);
    assert.deepEqual(about({ "proxy-inbound-port": "4140" }), ["proxyInboundPort and proxyOutboundPort are both 4140 (set by --proxy-inbound-port)"]);
    assert.equal(run({ flags: { "proxy-admin-port": "9", "harness-admin-port": "9", "proxy-inbound-port": "9" } }).problems.length, 3);
    assert.deepEqual(about({ "listen-address": "127.0.0.1:9996" }), ["listenAddress and adminAddress both use port 9996 (set by --listen-address)"]);
    assert.equal(run({ flags: { "default-inbound-policy": "audit", "cluster-networks": "" } }).problems[0]?.code, "SETTING_INVALID");
    assert.deepEqual(about({ "default-inbound-policy": "deny", "cluster-networks": "" }), []);
  });

  for (const [address, use] of Object.entries({
    "127.0.0.1": "loopback", "::1": "loopback", "169.254.1.1": "link-local", "fe80::1": "link-local", "224.0.0.1": "multicast", "ff02::1": "multicast",
    "0.0.0.0": "unspecified", "::": "unspecified", "255.255.255.255": "broadcast", "::ffff:10.0.0.1": "IPv4 inside IPv6", "10.0.0.5,fe80::1": "link-local",
  })) {
    it(`refuse ${address} as the address of this machine: ${use}`, () => {
      const [problem, ...others] = run({ flags: { "inbound-network-address": address } }).problems;
      assert.deepEqual(others, []);
      assert.match(problem?.what ?? "", new RegExp(`is ${use}: `));
      assert.equal(problem?.target, "--inbound-network-address");
    });
  }
});

describe("the registry", () => {
  it("may hold a setting that is no text: a problem that names it; of others the type does not matter", () => {
    const troubles = { LogLevel: "REG_BINARY is no type of a setting; write it as REG_SZ", InstallerState: "REG_BINARY is no type of a setting" };
    const { problems, notices } = run({ flags: { "log-level": "info" }, policy: { path: registryPath, values: {}, troubles } });
    assert.deepEqual(problems.map(({ code, what, target }) => [code, what, target]), [["SETTING_INVALID", `${registryPath}\\LogLevel: ${troubles.LogLevel}`, `${registryPath}\\LogLevel`]]);
    assert.deepEqual(notices.map(({ text }) => text), [`${registryPath}\\InstallerState is not a setting`]);
  });

  it("may hold a value without a name, which is no setting", () => {
    assert.deepEqual(run({ registry: { path: registryPath, values: { "": "x" } } }).notices.map(({ text }) => text), [`${registryPath}\\(Default) is not a setting`]);
  });
});

describe("notices", () => {
  it("tell of what has no effect, and of an overruled value that could not be used", () => {
    const texts = (sources: Sources, context: Partial<ResolveContext> = {}): unknown => run(sources, context).notices.map(({ text }) => text);
    assert.deepEqual(texts({ flags: { "proxy-user": "mesh" } }, { os: "win32" }), ["--proxy-user has no effect here: the setting is for Linux"]);
    assert.deepEqual(texts({ flags: { "workload-name": "a" } }), ["--workload-name has no effect with registration dynamic"]);
    assert.deepEqual(texts({ flags: { "workload-group-name": "a", registration: "static" } }), ["--workload-group-name has no effect with registration static"]);
    assert.deepEqual(texts({ flags: { "inbound-ports-to-ignore": "3389" } }), ["--inbound-ports-to-ignore leaves out port 22: SSH to this machine will pass through the proxy"]);
    assert.deepEqual(texts({ flags: { "inbound-ports-to-ignore": "1-100" } }), []);
    assert.deepEqual(texts({ group: { logLevel: "trace" } }), ["The group says logLevel, which a group may not set; it is ignored"]);
    assert.deepEqual(texts({ registry: { path: registryPath, values: { LogLevl: "x" } } }), [`${registryPath}\\LogLevl is not a setting; did you mean LogLevel?`]);
    assert.deepEqual(
      texts({ flags: { "log-level": "info" }, environment: { LINKERD_MESH_LOG_LEVEL: "loud" } }),
      ["LINKERD_MESH_LOG_LEVEL is overruled by --log-level, but could not be used: it is none of trace, debug, info, warn, error"],
    );
  });
});

describe("the resolver", () => {
  it("is crashed by no input, and gives settings exactly when it has no problem", () => {
    const texts = (names: readonly string[]): fc.Arbitrary<Record<string, string>> =>
      fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string({ unit: "binary" })), fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom("", "1", "on", "10.0.0.1", "a.b:1")), { maxKeys: 12 });
    const registry = texts(surfaceNames("registryValue")).map((values) => ({ path: registryPath, values }));
    const sources = fc.record({
      policy: registry,
      registry,
      flags: texts(surfaceNames("flag")),
      environment: texts(surfaceNames("variable")),
      group: texts(settingKeys),
      file: fc.oneof(fc.string({ unit: "binary" }), texts(settingKeys).map((values) => JSON.stringify(values))).map((text) => parseConfigFile(text, "config.yaml")),
    }, { requiredKeys: [] });
    fc.assert(fc.property(sources, fc.constantFrom(...oses), fc.constantFrom("none", "run", "server"), (given, os, role) => {
      const { settings, problems } = resolve(given, { os, role, folders });
      assert.equal(settings === undefined, problems.length > 0);
      for (const problem of problems) assert.ok(problem.what !== "" && problem.remedy !== "" && problem.target !== undefined);
    }), { numRuns: 400 });
  });
});

function run(sources: Sources, context: Partial<ResolveContext> = {}): Resolution {
  return resolve(sources, { os: "linux", role: "none", folders, ...context });
}
