import assert from "node:assert/strict";
import fc from "fast-check";
import { isMeshError } from "../../../src/model/errors.ts";
import { parseConfigFile } from "../../../src/model/settings/config-file.ts";
import { editConfig } from "../../../src/model/settings/edit-config.ts";
import { settingKeys } from "../../../src/model/settings/settings.ts";

const path = "/etc/linkerd-mesh/config.yaml";

describe("the config file, read", () => {
  it("gives each setting's text with its line, lists and maps included", () => {
    const text = [
      "# ours", "logLevel: debug", "proxyInboundPort: 04143", "outboundPortsToIgnore: [8081, 9000-9010]", "outboundRedirect: off",
      "clusterNetworks:", "  - 10.0.0.0/8", "  - fd00::/8", "labels: {app: orders, tier: db}", "allowExecProbes: true", "defaultGroupIdentities: ''",
    ].join("\n");
    const { entries, troubles } = parseConfigFile(text, path);
    assert.deepEqual(troubles, []);
    assert.deepEqual(entries.map(({ key, line, value }) => [line, key, "text" in value ? value.text : value]), [
      [2, "logLevel", "debug"], [3, "proxyInboundPort", "04143"], [4, "outboundPortsToIgnore", "8081,9000-9010"], [5, "outboundRedirect", "off"],
      [6, "clusterNetworks", "10.0.0.0/8,fd00::/8"], [9, "labels", "app=orders,tier=db"], [10, "allowExecProbes", "true"], [11, "defaultGroupIdentities", ""],
    ]);
  });

  it("is empty when it says nothing", () => {
    for (const text of ["", "\n", "# only a comment\n", "---\n", "{}"]) assert.deepEqual(parseConfigFile(text, path), { path, entries: [], troubles: [] }, JSON.stringify(text));
  });

  it("tells what cannot be used, with its line", () => {
    const troubles = (text: string): unknown => parseConfigFile(text, path).troubles.map(({ line }) => line);
    assert.deepEqual(troubles("a: 1\nb: [\n"), [3]);
    assert.deepEqual(troubles("a: 1\na: 2\n"), [2]);
    assert.deepEqual(troubles("- a\n- b\n"), [1]);
    assert.deepEqual(troubles("just text"), [1]);
    assert.deepEqual(troubles("a: 1\n---\nb: 2\n"), [2]);
    for (const text of ["probe:", "probe: null", "probe: [[a]]", "probe: {a: {b: c}}", "probe: [null]"]) {
      const value = parseConfigFile(text, path).entries[0]?.value;
      assert.ok(value !== undefined && "trouble" in value, text);
    }
  });

  it("follows aliases, which cannot blow it up", () => {
    const { entries } = parseConfigFile("clusterNetworks: &n [10.0.0.0/8]\noutboundNetworksToIgnore: *n\nlogLevel: *none\n", path);
    assert.deepEqual(entries[1]?.value, { text: "10.0.0.0/8" });
    assert.ok("trouble" in (entries[2]?.value ?? {}));
  });

  it("is crashed by no text", () => {
    const yamlish = fc.array(fc.constantFrom("a", ":", " ", "\n", "-", "[", "]", "{", "}", "&x", "*x", "|", ">", "\"", "'", "#", "?", "!", "%", "\t", "<<", "\r\n", "...", "---"), { maxLength: 40 }).map((parts) => parts.join(""));
    fc.assert(fc.property(fc.oneof(fc.string({ unit: "binary" }), yamlish), (text) => {
      const { entries, troubles } = parseConfigFile(text, path);
      for (const { line } of [...entries, ...troubles]) assert.ok(line === undefined || line >= 1);
    }), { numRuns: 2000 });
  });
});

describe("the config file, changed", () => {
  const change = (text: string, key: string, value: string | undefined): string => editConfig(text, path, { key, text: value });

  it("leaves comments, order, spacing and line ends alone", () => {
    const text = "# top\r\n\r\nlogLevel:   info   # why\r\nprobe: tcp://a:1\r\n# end\r\n";
    assert.equal(change(text, "logLevel", "debug"), text.replace("info", "debug"));
    assert.equal(change(text, "proxyInboundPort", "4000"), `${text}proxyInboundPort: 4000\r\n`);
    assert.equal(change(text, "logLevel", undefined), "# top\r\n\r\nprobe: tcp://a:1\r\n# end\r\n");
    assert.equal(change(text, "clusterDomain", undefined), text);
  });

  it("puts one line in place of a list, and keeps the comment above its items", () => {
    const text = "clusterNetworks: # of the pods\n  # first\n  - 10.0.0.0/8 # a\n  - fd00::/8\n\nlogLevel: info\n";
    assert.equal(change(text, "clusterNetworks", "10.1.0.0/16"), "clusterNetworks: 10.1.0.0/16 # of the pods\n  # first\n\nlogLevel: info\n");
    assert.equal(change("labels: {a: b}\n", "labels", "c=d"), "labels: c=d\n");
    assert.equal(change("labels:\n- a\n- b\n", "labels", ""), "labels: \"\"\n");
  });

  it("gives a value to a key that has none, and to a file that is empty", () => {
    assert.equal(change("logLevel: # soon\n", "logLevel", "warn"), "logLevel: warn # soon\n");
    assert.equal(change("logLevel:", "logLevel", "warn"), "logLevel: warn");
    assert.equal(change("", "logLevel", "warn"), "logLevel: warn\n");
    assert.equal(change("# only this", "logLevel", "warn"), "# only this\nlogLevel: warn\n");
    assert.equal(change("{logLevel: info}", "logLevel", "warn"), "{logLevel: warn}");
  });

  it("quotes what YAML would take for something else", () => {
    for (const text of ["", "null", "25,587", "a: b", "# no", "C:\\Program Files\\x", "it's \\ this", "[a]", "*a", "1e3", "0x10", "~", "true", "::1", "- a", "\u00e4\n\u2028"]) {
      const edited = change("x: 1\ny: 2\n", "x", text);
      assert.deepEqual(parseConfigFile(edited, path).entries.map(({ value }) => value), [{ text }, { text: "2" }], edited);
    }
  });

  it("refuses a file that it does not understand", () => {
    for (const text of ["a: [", "- a\n", "a: 1\na: 2\n", "a: 1\n...\n", "{a: 1}", "a: 1\n---\nb: 2\n"]) {
      assert.throws(() => change(text, "logLevel", "warn"), (error) => isMeshError(error, "CONFIG_UNREADABLE"), text);
    }
  });

  it("sets any text of any file to any value and back, or refuses", () => {
    const line = fc.oneof(
      fc.tuple(fc.constantFrom(...settingKeys), fc.oneof(fc.string(), fc.constantFrom("info", "[1, 2]", "{a: b}", "|\n  text\n", "\n  - a\n  - b # c", "# nothing", "'x'", "\"y\""))).map(([key, value]) => `${key}: ${value}`),
      fc.constantFrom("# comment", "", "  "),
    );
    const file = fc.array(line, { maxLength: 6 }).map((lines) => lines.join("\n"));
    let changed = 0;
    fc.assert(fc.property(file, fc.constantFrom(...settingKeys), fc.option(fc.string(), { nil: undefined }), (text, key, value) => {
      const before = parseConfigFile(text, path);
      const edited = attempt(() => change(text, key, value));
      if (edited === undefined) return;
      changed += 1;
      const after = parseConfigFile(edited, path);
      const others = (entries: typeof after.entries): unknown => entries.filter((entry) => entry.key !== key).map(({ key: name, value: said }) => [name, said]);
      assert.deepEqual(others(after.entries), others(before.entries));
      assert.deepEqual(after.entries.find((entry) => entry.key === key)?.value, value === undefined ? undefined : { text: value });
    }), { numRuns: 1000 });
    assert.ok(changed > 300, `only ${changed} files of 1000 could be changed`);
  });
});

function attempt(work: () => string): string | undefined {
  try {
    return work();
  } catch (error) {
    if (isMeshError(error, "CONFIG_UNREADABLE")) return undefined;
    throw error;
  }
}
