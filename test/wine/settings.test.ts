import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join, win32 } from "node:path";
import { findSetting, surfaceNames, surfacesOf } from "../../src/model/settings/surfaces.ts";
import { settingKeys } from "../../src/model/settings/settings.ts";
import { openProduct, type Product } from "./support/product.ts";
import { openWine, skipUnlessWine, type Wine } from "./support/wine.ts";

const machine = "HKLM\\SOFTWARE\\Buoyant\\Linkerd";
const policy = "HKLM\\SOFTWARE\\Policies\\Buoyant\\Linkerd";

/** What `config show` prints of a setting, and of everything. */
interface Shown {
  readonly settings: readonly { readonly setting: string; readonly value?: string; readonly origin?: string; readonly saidBy?: string }[];
  readonly notices: readonly { readonly message: string }[];
  readonly problems: readonly { readonly code: string; readonly target?: string; readonly message: string }[];
}

describe("settings in the registry, under Wine", function () {
  this.timeout(120_000);
  skipUnlessWine();
  const stack = new AsyncDisposableStack();
  let wine: Wine;
  let product: Product;

  before(async function () {
    this.timeout(900_000);
    wine = stack.use(await openWine());
    product = openProduct(wine);
  });
  after(() => stack.disposeAsync());
  afterEach(async () => {
    for (const key of [machine, policy]) await wine.run({ file: "reg.exe", args: ["delete", key, "/f"] });
  });

  it("are none on a new machine", async () => {
    const shown = await show();
    assert.deepEqual(shown.notices, []);
    assert.ok(shown.settings.every(({ origin }) => origin !== "registry" && origin !== "policy"));
  });

  it("are read of every type that a setting may have, also non-ASCII and empty ones", async () => {
    await add(`${machine}\\LogDir`, "REG_SZ", "C:\\Büro\\日誌 🦭");
    await add(`${machine}\\TrustAnchorsFile`, "REG_EXPAND_SZ", "%SystemRoot%\\anchors.pem");
    await add(`${machine}\\StateDir`, "REG_EXPAND_SZ", "C:\\%NoSuchVariable%");
    await add(`${machine}\\ProxyInboundPort`, "REG_DWORD", "5143");
    await add(`${machine}\\ProxyOutboundPort`, "REG_QWORD", "5140");
    await add(`${machine}\\OutboundPortsToIgnore`, "REG_MULTI_SZ", "8081\\025\\08000-8010");
    await add(`${machine}\\INBOUNDOPAQUEPORTS`, "REG_SZ", "");
    await add(`${machine}\\LogLevel`, "REG_SZ", "");
    const shown = await show();
    assert.deepEqual(said(shown, "registry"), {
      logDir: "C:\\Büro\\日誌 🦭", trustAnchorsFile: "C:\\windows\\anchors.pem", stateDir: "C:\\%NoSuchVariable%",
      proxyInboundPort: "5143", proxyOutboundPort: "5140", outboundPortsToIgnore: "25,8000-8010,8081", inboundOpaquePorts: "",
    });
    assert.equal(find(shown, "logDir").saidBy, `${machine}\\LogDir`);
    assert.deepEqual([find(shown, "logLevel").origin, shown.notices], ["default", []]);
  });

  it("of another type are a problem that names the value, also in the policy; names that are none are told with what was meant", async () => {
    await add(`${machine}\\ProxyLog`, "REG_BINARY", "00ff");
    await add(`${policy}\\LogLevel`, "REG_NONE", "");
    await add(`${machine}\\ClusterDomin`, "REG_SZ", "a.test");
    await add(`${machine}\\InstallerState`, "REG_BINARY", "01");
    const shown = await show();
    assert.deepEqual(
      shown.problems.filter(({ code }) => code !== "SETTING_REQUIRED").map(({ code, target }) => [code, target]),
      [["SETTING_INVALID", `${policy}\\LogLevel`], ["SETTING_INVALID", `${machine}\\ProxyLog`]],
    );
    assert.match(shown.problems.map(({ message }) => message).join("\n"), /ProxyLog: REG_BINARY is no type of a setting/u);
    assert.deepEqual(shown.notices.map(({ message }) => message).toSorted(), [`${machine}\\ClusterDomin is not a setting; did you mean ClusterDomain?`, `${machine}\\InstallerState is not a setting`]);
  });

  it("stand below the environment, that below a flag, and a policy above all, which tells the flag", async () => {
    const names = ["ClusterDomain", "LogLevel", "ProxyLog", "ShutdownGrace"] as const;
    for (const name of names) await add(`${machine}\\${name}`, "REG_SZ", { ClusterDomain: "registry.test", LogLevel: "error", ProxyLog: "error", ShutdownGrace: "1s" }[name]);
    const environment = { LINKERD_MESH_LOG_LEVEL: "warn", LINKERD_MESH_PROXY_LOG: "warn", Linkerd_Mesh_Shutdown_Grace: "2s" };
    await add(`${policy}\\ShutdownGrace`, "REG_SZ", "4s");
    const shown = await show(["--proxy-log", "debug", "--shutdown-grace", "3s"], environment);
    assert.deepEqual(
      ["clusterDomain", "logLevel", "proxyLog", "shutdownGrace"].map((name) => [find(shown, name).origin, find(shown, name).value]),
      [["registry", "registry.test"], ["environment", "warn"], ["flag", "debug"], ["policy", "4s"]],
    );
    assert.deepEqual(shown.notices.map(({ message }) => message), [`--shutdown-grace is overruled by the policy ${policy}\\ShutdownGrace`]);
  });

  it("are those of the 64-bit view alone", async () => {
    const added = await wine.run({ file: "reg.exe", args: ["add", machine, "/v", "ClusterDomain", "/d", "narrow.test", "/f", "/reg:32"] });
    assert.equal(added.code, 0, added.stderr);
    await add("HKLM\\SOFTWARE\\WOW6432Node\\Buoyant\\Linkerd\\LogLevel", "REG_SZ", "error");
    const shown = await show();
    assert.deepEqual([find(shown, "clusterDomain").origin, find(shown, "logLevel").origin], ["default", "default"]);
  });

  it("have every name of the table", async () => {
    await product.set(Object.fromEntries(surfaceNames("registryValue").map((name) => [name, "\u0001"])));
    const shown = await show(["--for", "autoregister"]);
    const targets = new Set(shown.problems.map(({ target }) => target));
    const free = settingKeys.filter((key) => !targets.has(`${machine}\\${surfacesOf(key).registryValue}`));
    assert.deepEqual(shown.notices.filter(({ message }) => message.includes("not a setting")), []);
    assert.deepEqual(free.filter((key) => find(shown, key)?.origin !== "registry"), []);
  });

  it("are set by config set as text, in the form that is kept, and removed by --unset", async () => {
    assert.deepEqual((await product.json("config", "set", "inboundNetworkAddress", "2001:DB8::1")).value, { registryKey: machine, changed: true, setting: "inboundNetworkAddress", value: "2001:db8::1" });
    assert.match((await wine.run({ file: "reg.exe", args: ["query", machine, "/v", "InboundNetworkAddress"] })).stdout, /InboundNetworkAddress\s+REG_SZ\s+2001:db8::1/u);
    assert.equal((await product.json("config", "set", "INBOUND_NETWORK_ADDRESS", "2001:db8::1")).value["changed"], false);
    assert.deepEqual(find(await show(), "inboundNetworkAddress"), { setting: "inboundNetworkAddress", value: "2001:db8::1", origin: "registry", saidBy: `${machine}\\InboundNetworkAddress` });
    await add(`${policy}\\InboundNetworkAddress`, "REG_SZ", "10.0.0.9");
    assert.equal((await product.json("config", "set", "inboundNetworkAddress", "--unset")).value["overruledBy"], `${policy}\\InboundNetworkAddress`);
    assert.equal((await wine.run({ file: "reg.exe", args: ["query", machine, "/v", "InboundNetworkAddress"] })).code, 1);
    assert.equal((await product.json("config", "set", "inboundNetworkAddress", "--unset")).value["changed"], false);
  });

  it("that contradict each other are refused, and the registry stays as it was", async () => {
    const { code, stderr } = await product.mesh("config", "set", "proxyInboundPort", "4140");
    assert.equal(code, 2);
    assert.match(stderr, /code {3}SETTING_/u);
    assert.equal((await wine.run({ file: "reg.exe", args: ["query", machine] })).code, 1);
  });

  it("are judged by config validate", async () => {
    await product.set({ InboundNetworkAddress: "10.1.2.3", Registration: "static", WorkloadName: "w", WorkloadNamespace: "n", WorkloadServerName: "w.n" });
    const good = await product.json("config", "validate");
    assert.deepEqual([good.code, good.value["valid"], good.value["problems"]], [0, true, []]);
    await product.set({ ProxyAdminPort: "70000" });
    const bad = await product.json("config", "validate");
    assert.deepEqual([bad.code, bad.value["valid"]], [1, false]);
    assert.deepEqual((bad.value["problems"] as Shown["problems"]).map(({ target }) => target), [`${machine}\\ProxyAdminPort`]);
  });

  it("that this account may not change, or not read, are an error with Windows' own words", async () => {
    await product.set({ LogLevel: "warn" });
    const readOnly = "D:(A;;KR;;;WD)(A;;WDKR;;;BA)";
    assert.deepEqual(await product.script("test/wine/scripts/registry.ts", machine.slice(5), readOnly), { parsed: true, opened: 0, changed: 0 });
    const changed = await product.mesh("config", "set", "logLevel", "debug");
    assert.equal(changed.code, 3);
    assert.match(changed.stderr, /RegCreateKeyExW failed: Access denied \(error 5\)[^]*REGISTRY_DENIED[^]*as administrator/u);
    assert.deepEqual([find(await show(), "logLevel").value, (await product.mesh("config", "set", "logLevel", "--unset")).code], ["warn", 3]);
    const closed = "D:(A;;WD;;;BA)";
    assert.deepEqual(await product.script("test/wine/scripts/registry.ts", machine.slice(5), closed), { parsed: true, opened: 0, changed: 0 });
    const shown = await product.mesh("config", "show");
    assert.equal(shown.code, 3);
    assert.match(shown.stderr, /REGISTRY_DENIED[^]*reading the registry key HKLM\\SOFTWARE\\Buoyant\\Linkerd\n[^]*KEY_READ/u);
    // So that it can be deleted again.
    await product.script("test/wine/scripts/registry.ts", machine.slice(5), "D:(A;;KA;;;WD)");
  });

  async function add(path: string, type: string, value: string): Promise<void> {
    const [key, name] = [win32.dirname(path), win32.basename(path)];
    const { code, stderr, stdout } = await wine.run({ file: "reg.exe", args: ["add", key, "/v", name, "/t", type, "/d", value, "/f"] });
    assert.equal(code, 0, `reg add ${name}: ${stdout}${stderr}`);
  }

  async function show(words: readonly string[] = [], environment: Readonly<Record<string, string>> = {}): Promise<Shown> {
    const { stdout, stderr } = await wine.run({ file: wine.node, args: product.args("src/main.ts", "config", "show", "--output", "json", ...words), environment });
    return JSON.parse(stdout === "" ? assert.fail(stderr) : stdout) as Shown;
  }
});

describe("settings in the environment, under Wine", function () {
  this.timeout(120_000);
  skipUnlessWine();
  const stack = new AsyncDisposableStack();
  after(() => stack.disposeAsync());

  it("of the machine reach the service, which needs no other", async function () {
    this.timeout(900_000);
    const texts = { InboundNetworkAddress: "10.1.2.3", OutboundRedirect: "off", Registration: "static", WorkloadName: "w", WorkloadNamespace: "n", WorkloadServerName: "w.n", WorkloadIdentity: "spiffe://a.test/w", ProxyPath: "C:\\proxy.exe" };
    const variables = Object.fromEntries(Object.entries(texts).map(([name, text]) => [surfacesOf(findSetting("registryValue", name) ?? assert.fail(name)).variable, text]));
    const wine = stack.use(await openWine({ variables }));
    const product = openProduct(wine);
    writeFileSync(join(wine.drive, "proxy.exe"), "a program that is never started here");
    assert.equal((await product.json("service", "install")).code, 0);
    const started = await product.json("service", "start");
    assert.deepEqual([started.code, started.value["state"], started.stderr], [0, "running", ""]);
    assert.deepEqual((await product.json("service", "stop")).value["exit"], { system: 0, own: 0 });
  });
});

function find({ settings }: Shown, name: string): Shown["settings"][number] {
  return settings.find(({ setting }) => setting === name) ?? { setting: name };
}

function said({ settings }: Shown, from: string): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(settings.flatMap(({ setting, value, origin }) => (origin === from ? [[setting, value]] : [])));
}
