import assert from "node:assert/strict";
import { globSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

describe("3: both platforms' code loads on both systems", () => {
  for (const path of globSync("src/platform/{node,linux,win32}/**/*.ts").sort()) {
    it(path, async () => {
      // A native library may be loaded at first use only; a module that loads one at import breaks the other system's tests.
      const module: unknown = await import(pathToFileURL(resolve(path)).href);
      assert.equal(typeof module, "object");
    });
  }
});
