import assert from "node:assert/strict";
import { copyFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { commandTable } from "../../src/cli/commands/index.ts";
import { installProduct, type Installed } from "./support/installed.ts";
import { openWine, skipUnlessWine, type Wine } from "./support/wine.ts";

describe("linkerd-mesh.exe, under Wine", function () {
  this.timeout(120_000);
  skipUnlessWine();
  const stack = new AsyncDisposableStack();
  let wine: Wine;
  let product: Installed;
  before(async function () {
    this.timeout(900_000);
    wine = stack.use(await openWine());
    product = installProduct(wine);
  });
  after(() => stack.disposeAsync());

  it("says its version and what it can", async () => {
    assert.deepEqual(await product.mesh(["--version"]), { code: 0, stdout: "linkerd-mesh 0.1.0\n", stderr: "" });
    assert.match((await product.mesh(["--help"])).stdout, /^linkerd-mesh joins a machine[^]*service install/u);
  });

  it("has the code of every command inside", async () => {
    for (const name of commandTable.entries.map((entry) => entry.name)) {
      const { code, stderr } = await product.mesh([...name, "--help"]);
      assert.deepEqual([name, code, stderr], [name, 0, ""]);
    }
  });

  it("shows the settings of Windows, and where each comes from", async () => {
    const { code, stdout } = await product.mesh(["config", "show"], { environment: { LINKERD_MESH_CLUSTER_DOMAIN: "example.org" } });
    assert.equal(code, 1, "required settings are missing");
    assert.match(stdout, /clusterDomain +example\.org/u);
    assert.match(stdout, /spireSocketAddr +\\\\\.\\pipe\\spire-agent\\public\\api/u);
  });

  it("explains errors with their codes, on the other output", async () => {
    const wrong = await product.mesh(["conifg"]);
    assert.deepEqual([wrong.code, wrong.stdout], [2, ""]);
    assert.match(wrong.stderr, /code {3}USAGE/u);
    const absent = await product.mesh(["status"]);
    assert.deepEqual([absent.code, absent.stdout], [1, ""]);
    assert.match(absent.stderr, /code {3}HARNESS_ABSENT/u);
  });

  it("writes a setting of an installation, and reads it back", async () => {
    const file = "C:\\config.yaml";
    assert.equal((await product.mesh(["config", "set", "clusterDomain", "a.b", "--config", file])).code, 0);
    assert.match((await product.mesh(["config", "show", "--config", file])).stdout, /clusterDomain +a\.b/u);
  });

  it("calls the system by the library beside it, and by no other", async () => {
    assert.match((await product.mesh(["service", "status"])).stdout, /is not installed/u);
    const library = join(product.folder, "koffi.node");
    renameSync(library, `${library}.kept`);
    const missing = await product.mesh(["service", "status"]);
    writeFileSync(library, "another");
    const other = await product.mesh(["service", "status"]);
    renameSync(`${library}.kept`, library);
    assert.deepEqual([missing.code, other.code], [3, 3]);
    assert.match(missing.stderr, /INSTALL_DAMAGED/u);
    assert.match(other.stderr, /is not the file that this executable was built with[^]*INSTALL_DAMAGED/u);
  });

  it("becomes a service that starts itself", async () => {
    assert.equal((await product.mesh(["service", "install"])).code, 0);
    const started = await product.mesh(["service", "start"]);
    assert.match(started.stderr, /SETTING_REQUIRED/u, "the service itself ran, and said by its number what it lacks");
    const seen = JSON.parse((await product.mesh(["service", "status", "--output", "json"])).stdout);
    assert.equal(seen.command, `"${product.executable}" run --service`);
    assert.deepEqual(seen.exit, { system: 1066, own: 10, error: "SETTING_REQUIRED" });
  });

  it("leaves room to be replaced while it runs: the old file is moved away and the new one is started next", async () => {
    for (const [name, value] of Object.entries(settings)) {
      const { code } = await wine.run({ file: "reg.exe", args: ["add", "HKLM\\SOFTWARE\\Buoyant\\Linkerd", "/v", name, "/t", "REG_SZ", "/d", value, "/f"] });
      assert.equal(code, 0, name);
    }
    assert.equal((await product.mesh(["service", "start"])).code, 0);
    const executable = join(product.folder, "linkerd-mesh.exe");
    renameSync(executable, `${executable}.old`);
    copyFileSync(`${executable}.old`, executable);
    assert.match((await product.mesh(["service", "status"])).stdout, /running/iu);
    assert.equal((await product.mesh(["service", "stop"])).code, 0);
    assert.equal((await product.mesh(["service", "start"])).code, 0);
    rmSync(`${executable}.old`);
    assert.equal((await product.mesh(["service", "remove"])).code, 0);
  });

  it("has unpacked nothing anywhere", () => {
    assert.deepEqual(readdirSync(product.folder).filter((name) => !name.startsWith("harness")).sort(), ["koffi.node", "linkerd-mesh.exe"]);
    const temporary = ["windows/temp", "users/root/Temp", "users/root/AppData/Local/Temp"].map((folder) => join(wine.drive, folder));
    for (const folder of temporary) assert.deepEqual(listFolder(folder).filter((name) => /koffi|node|linkerd/iu.test(name)), [], folder);
  });
});

const settings = {
  InboundNetworkAddress: "10.1.2.3", OutboundRedirect: "off", Registration: "static", WorkloadName: "w", WorkloadNamespace: "n",
  WorkloadServerName: "w.n", WorkloadIdentity: "spiffe://a.test/w", ProxyPath: "C:\\windows\\notepad.exe",
};

function listFolder(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { recursive: true, encoding: "utf8" });
  } catch {
    return [];
  }
}
