import assert from "node:assert/strict";
import fc from "fast-check";
import { resolve } from "../../../src/model/settings/resolve.ts";
import { settingKeys, settingRow } from "../../../src/model/settings/settings.ts";
import { surfacesOf } from "../../../src/model/settings/surfaces.ts";
import { encodeValue } from "../../../src/platform/win32/registry-values.ts";
import { windowsRegistry } from "../../../src/platform/win32/registry.ts";
import { FakeRegistryCalls } from "../../fakes/registry-calls.ts";
import { ordinaryTexts } from "../../model/settings/arbitraries.ts";

const machine = "SOFTWARE\\Buoyant\\Linkerd";
const policy = "SOFTWARE\\Policies\\Buoyant\\Linkerd";

describe("the settings in Windows' registry", () => {
  let system: FakeRegistryCalls;
  beforeEach(() => {
    system = new FakeRegistryCalls();
  });
  afterEach(() => assert.equal(system.leaked, 0));
  const registry = (): ReturnType<typeof windowsRegistry> => windowsRegistry(system.calls);

  it("are none where there are no keys, and none where keys are empty", async () => {
    assert.deepEqual(await registry().read(), {});
    system.keys.set(machine, []);
    assert.deepEqual(await registry().read(), { registry: { path: `HKLM\\${machine}`, values: {} } });
  });

  it("are read of both keys in the 64-bit view, with no more rights than reading takes", async () => {
    system.keys.set(policy, [{ name: "LogLevel", type: 1, data: encodeValue("warn") }]);
    system.keys.set(machine, [
      { name: "TrustAnchorsFile", type: 2, data: encodeValue("%A%\\é.pem") }, { name: "LogDir", type: 2, data: encodeValue("%B%") },
      { name: "ProxyLog", type: 3, data: Buffer.of(1) }, { name: "__proto__", type: 1, data: encodeValue("x") },
    ]);
    const read = await registry().read();
    assert.deepEqual(read.policy, { path: `HKLM\\${policy}`, values: { LogLevel: "warn" } });
    assert.deepEqual(Object.entries(read.registry?.values ?? {}), [["TrustAnchorsFile", "C:\\A\\é.pem"], ["LogDir", "%B%"], ["__proto__", "x"]]);
    assert.deepEqual(Object.keys(read.registry?.troubles ?? {}), ["ProxyLog"]);
    assert.deepEqual(system.made.filter((call) => call.startsWith("open")), [`open ffffffff80000002 ${policy} 0 101`, `open ffffffff80000002 ${machine} 0 101`]);
  });

  it("may be of any length", async () => {
    const long = "a".repeat(100_000);
    system.keys.set(machine, [{ name: "Labels", type: 1, data: encodeValue(long) }, { name: "LogLevel", type: 1, data: encodeValue("info") }]);
    assert.deepEqual((await registry().read()).registry?.values, { Labels: long, LogLevel: "info" });
  });

  it("are written as text into a key that is made where there is none, and removed", async () => {
    await registry().write("LogLevel", "débug");
    assert.deepEqual(system.keys.get(machine), [{ name: "LogLevel", type: 1, data: Buffer.from("débug\0", "utf16le") }]);
    assert.deepEqual(system.made, [`create ffffffff80000002 ${machine} 0 null 0 102 null`, "setValue LogLevel 0 1 c"]);
    await registry().write("LogLevel", undefined);
    assert.deepEqual(system.keys.get(machine), []);
    assert.deepEqual(system.made.slice(2), [`open ffffffff80000002 ${machine} 0 102`, "deleteValue LogLevel"]);
    await registry().write("LogLevel", undefined);
    system.keys.clear();
    await registry().write("LogLevel", undefined);
  });

  it("carry every setting of the table: as written, as a number, as a list, and under its name in whatever letters", async () => {
    for (const key of settingKeys) {
      const { kind } = settingRow(key);
      const { registryValue } = surfacesOf(key);
      await fc.assert(fc.asyncProperty(ordinaryTexts(kind, "win32"), async (text) => {
        system.keys.clear();
        await registry().write(registryValue, text);
        const asList = { name: registryValue.toUpperCase(), type: 7, data: Buffer.from(`${text.split(",").join("\0")}\0\0`, "utf16le") };
        const asNumber = Buffer.alloc(4);
        const written = [...(system.keys.get(machine) ?? [])];
        // A list of the registry has no empty items.
        if (!text.split(",").includes("")) written.push(asList);
        if (/^\d{1,9}$/u.test(text)) {
          asNumber.writeUInt32LE(Number(text));
          written.push({ name: registryValue.toLowerCase(), type: 4, data: asNumber });
        }
        for (const value of written) {
          system.keys.set(policy, [value]);
          const { resolved } = resolve(await registry().read(), { os: "win32", role: "none", folders: { ProgramFiles: "C:\\P", ProgramData: "C:\\D" } });
          const wanted = kind.parse(text, "win32");
          assert.deepEqual({ ok: true, value: resolved.get(key)?.value }, wanted, `${key} ${JSON.stringify(text)} as type ${value.type}`);
        }
      }), { numRuns: 5 });
    }
  });

  it("that Windows refuses are an error with the key, the call and Windows' own words", async () => {
    system.keys.set(machine, []);
    const target = `HKLM\\${machine}`;
    system.failing["open"] = 5;
    await assert.rejects(registry().read(), { code: "REGISTRY_DENIED", target: `HKLM\\${policy}`, what: "RegOpenKeyExW failed: error 5" });
    await assert.rejects(registry().write("A", undefined), { code: "REGISTRY_DENIED", target });
    system.failing["create"] = 5;
    await assert.rejects(registry().write("A", "b"), { code: "REGISTRY_DENIED", target, what: "RegCreateKeyExW failed: error 5", remedy: /administrator/u });
    delete system.failing["open"];
    delete system.failing["create"];
    system.failing["value"] = 1018;
    await assert.rejects(registry().read(), { code: "REGISTRY_FAILED", target, what: "RegEnumValueW failed: error 1018" });
    system.failing["setValue"] = 1450;
    await assert.rejects(registry().write("A", "b"), { code: "REGISTRY_FAILED", what: "RegSetValueExW failed: error 1450" });
    system.failing["deleteValue"] = 5;
    await assert.rejects(registry().write("A", undefined), { code: "REGISTRY_DENIED", what: "RegDeleteValueW failed: error 5" });
  });
});
