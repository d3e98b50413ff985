import assert from "node:assert/strict";
import { defaultText, referencesOf } from "../../../src/model/settings/default-text.ts";
import { parseConfigFile } from "../../../src/model/settings/config-file.ts";
import { editConfig } from "../../../src/model/settings/edit-config.ts";
import { settingOptions } from "../../../src/model/settings/options.ts";
import { resolve, type ResolveContext } from "../../../src/model/settings/resolve.ts";
import { settingKeys, settingRow, type SettingKey } from "../../../src/model/settings/settings.ts";
import type { Sources } from "../../../src/model/settings/sources.ts";
import { findSetting, recogniseSetting, surfacesOf, type Surfaces } from "../../../src/model/settings/surfaces.ts";
import fc from "fast-check";
import { ordinaryTexts, oses } from "./arbitraries.ts";

const folders = { ProgramFiles: "C:\\Program Files", ProgramData: "C:\\ProgramData" };

describe("surfaces of the settings", () => {
  it("spells a setting as the contract does", () => {
    assert.deepEqual(surfacesOf("controlAddress"), {
      flag: "control-address",
      variable: "LINKERD_MESH_CONTROL_ADDRESS",
      configKey: "controlAddress",
      registryValue: "ControlAddress",
      msiProperty: "CONTROL_ADDRESS",
      parameter: "ControlAddress",
    });
  });

  it("has the names of the installer that guides print", () => {
    const names = settingKeys.map((key) => surfacesOf(key).msiProperty);
    const printed = [
      "INBOUND_NETWORK_ADDRESS", "WORKLOAD_GROUP_NAME", "WORKLOAD_GROUP_NAMESPACE", "CLUSTER_DOMAIN", "CONTROL_ADDRESS", "DESTINATION_SVC_ADDR", "POLICY_SVC_ADDR",
      "INSTALLFOLDER", "CONTROL_SERVER_NAME", "SPIRE_SOCKET_ADDR", "LOGDIR", "LOG_LEVEL", "PROXY_INBOUND_PORT", "PROXY_OUTBOUND_PORT", "OUTBOUND_PORTS_TO_IGNORE",
    ];
    assert.deepEqual(printed.filter((name) => !names.includes(name)), []);
  });

  it("joins words by _ in the installer, but for two names", () => {
    const others = settingKeys.filter((key) => surfacesOf(key).variable !== `LINKERD_MESH_${surfacesOf(key).msiProperty}`);
    assert.deepEqual(others, ["installFolder", "logDir"]);
  });

  it("leads every name back to its setting, and no two settings share one", () => {
    for (const key of settingKeys) {
      for (const [surface, name] of Object.entries(surfacesOf(key)) as [keyof Surfaces, string][]) {
        assert.equal(findSetting(surface, name), key, `${surface} ${name}`);
        assert.equal(recogniseSetting(name), key, name);
      }
    }
    assert.equal(findSetting("registryValue", "CONTROLADDRESS"), "controlAddress");
    assert.equal(findSetting("flag", "Control-Address"), undefined);
    assert.equal(findSetting("flag", "constructor"), undefined);
    assert.equal(recogniseSetting("--no-such-thing"), undefined);
  });

  it("gives every setting of a side one flag", () => {
    const flags = new Set([...Object.keys(settingOptions("machine")), ...Object.keys(settingOptions("server"))]);
    assert.deepEqual(flags, new Set(settingKeys.map((key) => surfacesOf(key).flag)));
    assert.equal(settingOptions()["log-level"]?.choices?.includes("trace"), true);
    assert.equal(settingOptions()["allow-exec-probes"]?.type, "boolean");
    assert.ok(!("groups-dir" in settingOptions()));
    assert.ok("state-dir" in settingOptions("server"));
  });

  for (const key of settingKeys) {
    it(`carries ${key} through flag, variable, file, registry and policy alike`, () => {
      for (const os of oses) {
        fc.assert(fc.property(ordinaryTexts(settingRow(key).kind, os), (text) => {
          const { kind } = settingRow(key);
          const parsed = kind.parse(text, os);
          assert.ok(parsed.ok);
          const canonical = kind.format(parsed.value);
          for (const sources of everySource(key, canonical)) {
            assert.deepEqual(valueOf(key, sources, { os, role: "none", folders }), parsed.value, JSON.stringify(sources));
          }
        }), { numRuns: 15 });
      }
    });
  }
});

describe("defaults", () => {
  it("refer only to settings that exist and have a default, and never in a circle", () => {
    const visit = (key: SettingKey, trail: readonly SettingKey[]): void => {
      assert.ok(!trail.includes(key), `${[...trail, key].join(" → ")} is a circle`);
      const declared = settingRow(key).default;
      assert.ok(declared !== undefined || trail.length === 0, `${key} has no default, but ${trail.at(-1)} is derived from it`);
      for (const os of oses) {
        for (const reference of declared === undefined ? [] : referencesOf(defaultText(declared, os))) {
          assert.ok(settingKeys.includes(reference as SettingKey), reference);
          visit(reference as SettingKey, [...trail, key]);
        }
      }
    };
    for (const key of settingKeys) visit(key, []);
  });

  it("are values on both systems, written as they will be shown", () => {
    for (const os of oses) {
      const { resolved, problems } = resolve({}, { os, role: "none", folders });
      assert.deepEqual(problems, []);
      for (const key of settingKeys) {
        const { default: declared, required } = settingRow(key);
        assert.equal(resolved.has(key), declared !== undefined, key);
        assert.ok(declared === undefined || required === undefined, `${key} has a default, so that it is never missing`);
        if (declared === undefined || /[<%]/.test(defaultText(declared, os))) continue;
        assert.equal(resolved.get(key)?.text, defaultText(declared, os), key);
      }
    }
  });
});

function everySource(key: SettingKey, text: string): Sources[] {
  const { flag, variable, registryValue, configKey } = surfacesOf(key);
  const yaml = editConfig("# ours\n", "config.yaml", { key: configKey, text });
  return [
    { flags: { [flag]: text } },
    { environment: { [variable]: text } },
    { file: parseConfigFile(yaml, "config.yaml") },
    { registry: { path: "HKLM\\SOFTWARE\\X", values: { [registryValue]: text } } },
    { policy: { path: "HKLM\\SOFTWARE\\Policies\\X", values: { [registryValue]: text } } },
  ];
}

function valueOf(key: SettingKey, sources: Sources, context: ResolveContext): unknown {
  const { resolved, problems } = resolve(sources, context);
  const own = resolved.get(key);
  assert.ok(own !== undefined, problems.map(({ message }) => message).join("; "));
  assert.ok(own.where !== undefined);
  return own.value;
}
