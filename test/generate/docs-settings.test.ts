import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { renderSettingsDocs } from "../../src/generate/docs-settings.ts";
import { parseConfigFile } from "../../src/model/settings/config-file.ts";
import { resolve } from "../../src/model/settings/resolve.ts";
import { settingKeys } from "../../src/model/settings/settings.ts";
import { surfacesOf } from "../../src/model/settings/surfaces.ts";

describe("docs/settings.md", () => {
  const docs = renderSettingsDocs();

  it("is what the table says now", async () => {
    assert.equal(await readFile(new URL("../../docs/settings.md", import.meta.url), "utf8"), docs);
  });

  it("has every setting with all its names", () => {
    for (const key of settingKeys) {
      const { configKey, flag, variable, registryValue, msiProperty, parameter } = surfacesOf(key);
      assert.ok(docs.includes(`| \`${configKey}\` | \`--${flag}\` | \`${variable}\` | \`${registryValue}\` | \`${msiProperty}\` | \`-${parameter}\` |`), key);
    }
  });

  it("has rows of as many cells as their table's head", () => {
    let cells = 0;
    for (const line of docs.split("\n")) {
      const count = line.startsWith("|") ? line.replaceAll("\\|", "").split("|").length : 0;
      if (count > 0 && cells > 0) assert.equal(count, cells, line);
      cells = count;
    }
  });

  it("prints an example that a machine could run with", () => {
    const [, example = ""] = /```yaml\n([\s\S]*?)```/.exec(docs) ?? [];
    const { problems } = resolve({ file: parseConfigFile(example, "example.yaml") }, { os: "linux", role: "run", folders: {} });
    assert.deepEqual(problems, []);
  });
});
