import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { openPlace, type Ended, type Place } from "./support/place.ts";

// Whoever may write here, or set a variable, must not get his code or settings into the program.
describe("what others plant around the executable", function () {
  this.timeout(120_000);
  let place: Place;
  let marker: string;
  let code: string;
  before(() => {
    place = openPlace();
    marker = join(place.top, "it-ran");
    code = plant("planted.js");
  });
  after(() => place[Symbol.dispose]());

  it("is never loaded as koffi: in the folders of koffi's own loader, of Node's, and of the current folder", () => {
    for (const above of [place.folder, join(place.folder, ".."), join(place.folder, "../.."), join(place.folder, "../../.."), place.current, join(place.top, "home")]) plantKoffi(above);
    assertUntouched(lock({ NODE_PATH: join(place.current, "node_modules") }));
  });

  it("is not loaded by NODE_OPTIONS, and a wrong one does not stop the program", () => {
    for (const options of [`--require ${code}`, `--import ${code}`, `--env-file=${code}`, "--nonsense", `--openssl-config=${code}`]) assertUntouched(lock({ NODE_OPTIONS: options }));
  });

  it("is no OpenSSL config and no list of certificates", () => {
    for (const name of ["OPENSSL_CONF", "OPENSSL_MODULES", "NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "SSL_CERT_DIR"]) assertUntouched(lock({ [name]: code }));
  });

  it("is not read as compiled code, and none is written there", () => {
    const cache = join(place.top, "cache");
    assertUntouched(lock({ NODE_COMPILE_CACHE: cache }));
    const files = existsSync(cache) ? readdirSync(cache, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()) : [];
    assert.deepEqual(files, []);
  });

  it("has no effect by other variables of Node", () => {
    const debug = { NODE_DEBUG: "net,tls,module", NODE_DEBUG_NATIVE: "SEA", NODE_PENDING_DEPRECATION: "1", NODE_REDIRECT_WARNINGS: join(place.top, "warnings") };
    for (const [name, value] of Object.entries({ ...debug, NODE_ICU_DATA: place.current, NODE_TLS_REJECT_UNAUTHORIZED: "0", NODE_USE_ENV_PROXY: "1", NODE_PRESERVE_SYMLINKS: "1" })) {
      assertUntouched(lock({ [name]: value }));
    }
    assert.equal(existsSync(join(place.top, "warnings")), false);
  });

  it("does not reach the programs that this one starts by Node's variables", () => {
    const { stdout } = place.run(["simulate", "demo", "--stage", "loopback", "--output", "json"], { NODE_OPTIONS: `--require ${code}`, NODE_TLS_REJECT_UNAUTHORIZED: "0" });
    assert.match(stdout, /"status":"shown"/u);
    assert.equal(existsSync(marker), false);
  });

  // docs/limits.md lists these: what they do is no loading of code.
  it("can at most stop the program, or have it write down which lines ran", () => {
    assert.equal(place.run(["--version"], { NODE_REPL_EXTERNAL_MODULE: code }).status, 9);
    const folder = join(place.top, "coverage");
    assert.equal(place.run(["--version"], { NODE_V8_COVERAGE: folder }).stdout, "linkerd-mesh 0.1.0\n");
    assert.equal(existsSync(marker), false);
  });

  function lock(environment: Readonly<Record<string, string>>): Ended {
    const config = join(place.top, "config.yaml");
    rmSync(config, { force: true });
    return place.run(["config", "set", "clusterDomain", "a.b", "--config", config], environment);
  }

  function assertUntouched({ status, stdout, stderr }: Ended): void {
    assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
    assert.match(stdout, /^clusterDomain is a\.b in/u);
    assert.equal(existsSync(marker), false, "planted code ran");
  }

  function plantKoffi(above: string): void {
    for (const name of ["@koromix/koffi-linux-x64", "node_modules/@koromix/koffi-linux-x64", "node_modules/koffi", "koffi"]) {
      plant(join(above, name, "index.js"));
      writeFileSync(join(above, name, "package.json"), '{"main":"index.js"}');
      plant(join(above, name, "koffi.node"));
    }
    for (const triplet of ["linux_x64", "musl_x64"]) plant(join(above, "build/koffi", triplet, "koffi.node"));
    plant(join(above, "koffi.node"));
  }

  function plant(path: string): string {
    const file = path.startsWith("/") ? path : join(place.top, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `require("node:fs").writeFileSync(${JSON.stringify(marker)}, "it ran");\n`);
    return file;
  }
});
