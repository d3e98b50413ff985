import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { WineFinished } from "./support/driver-client.ts";
import { installProduct, type Installed } from "./support/installed.ts";
import { openWine, skipUnlessWine, type Wine } from "./support/wine.ts";

// Whoever may write to these folders (any user may make C:\@koromix), or set a variable, must not get code into the program.
describe("what others plant around linkerd-mesh.exe, under Wine", function () {
  this.timeout(120_000);
  skipUnlessWine();
  const stack = new AsyncDisposableStack();
  let wine: Wine;
  let product: Installed;
  before(async function () {
    this.timeout(900_000);
    wine = stack.use(await openWine());
    product = installProduct(wine);
    plant("planted.js");
    mkdirSync(join(wine.drive, "current"));
  });
  after(() => stack.disposeAsync());

  it("is never loaded as koffi: in the folders of koffi's own loader, of Node's, and of the current folder", async () => {
    for (const above of ["", "Program Files", "Program Files/Buoyant", "Program Files/Buoyant/Linkerd", "current", "build", "users/root"]) plantKoffi(above);
    await assertUntouched({ NODE_PATH: "C:\\current\\node_modules" });
  });

  it("is not loaded by Node's variables, and wrong ones do not stop the program", async () => {
    const file = "C:\\planted.js";
    for (const options of [`--require ${file}`, `--import file:///C:/planted.js`, "--nonsense"]) await assertUntouched({ NODE_OPTIONS: options });
    for (const name of ["OPENSSL_CONF", "OPENSSL_MODULES", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "NODE_ICU_DATA", "NODE_REDIRECT_WARNINGS"]) await assertUntouched({ [name]: file });
  });

  it("is not read as compiled code, and none is written there", async () => {
    await assertUntouched({ NODE_COMPILE_CACHE: "C:\\cache" });
    const cache = join(wine.drive, "cache");
    const files = existsSync(cache) ? readdirSync(cache, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()) : [];
    assert.deepEqual(files, []);
  });

  async function assertUntouched(environment: Readonly<Record<string, string>>): Promise<void> {
    const finished: WineFinished = await product.mesh(["service", "status"], { environment, folder: "C:\\current" });
    assert.deepEqual(finished, { code: 1, stdout: "The service linkerd-proxy-harness is not installed.\n", stderr: "" }, JSON.stringify(environment));
    assert.equal(existsSync(join(wine.drive, "it-ran")), false, "planted code ran");
  }

  function plantKoffi(above: string): void {
    for (const name of ["@koromix/koffi-win32-x64", "node_modules/@koromix/koffi-win32-x64", "node_modules/koffi", "koffi"]) {
      plant(join(above, name, "index.js"));
      plant(join(above, name, "koffi.node"));
      writeFileSync(join(wine.drive, above, name, "package.json"), '{"main":"index.js"}');
    }
    plant(join(above, "build/koffi/win32_x64/koffi.node"));
    if (above !== "Program Files/Buoyant/Linkerd") plant(join(above, "koffi.node"));
  }

  function plant(path: string): void {
    const file = join(wine.drive, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, 'require("node:fs").writeFileSync("C:\\\\it-ran", "it ran");\n');
  }
});
