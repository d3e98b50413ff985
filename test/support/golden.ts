import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** Compares a text with test/golden/`name`; UPDATE_GOLDEN=1 writes the file instead, for a reader of the diff to judge. */
export function assertGolden(name: string, text: string): void {
  const path = fileURLToPath(new URL(`../golden/${name}`, import.meta.url));
  if (process.env["UPDATE_GOLDEN"] === "1") {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  assert.ok(existsSync(path), `test/golden/${name} does not exist; UPDATE_GOLDEN=1 writes it`);
  assert.equal(text, readFileSync(path, "utf8"), `differs from test/golden/${name}; UPDATE_GOLDEN=1 writes it anew`);
}
