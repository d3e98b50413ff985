import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { takePackage } from "../../../tools/build/packages.ts";
import type { WineChild, WineFinished } from "./driver-client.ts";
import type { Wine } from "./wine.ts";

/** The product's sources, run by node.exe inside Wine. */
export interface Product {
  /** The words that run a TypeScript file of the project. */
  args(path: string, ...words: readonly string[]): readonly string[];
  /** Runs a command line of the product to its end. */
  mesh(...words: readonly string[]): Promise<WineFinished>;
  /** The same with `--output json`, read. */
  json(...words: readonly string[]): Promise<{ readonly code: number; readonly value: Record<string, unknown>; readonly stderr: string }>;
  /** Runs a script of the project to its end; its last line of output is JSON. */
  script(path: string, ...words: readonly string[]): Promise<unknown>;
  start(path: string, ...words: readonly string[]): Promise<WineChild>;
  /** Writes settings into the registry, where the installer writes them. */
  set(settings: Readonly<Record<string, string>>): Promise<void>;
}

const preload = "C:\\koffi\\preload.cjs";

/** Puts koffi's Windows library, which npm leaves out here, where koffi looks for it. */
export function openProduct(wine: Wine): Product {
  const folder = join(wine.drive, "koffi");
  mkdirSync(join(folder, "win32_x64"), { recursive: true });
  copyFileSync(join(takePackage("@koromix/koffi-win32-x64"), "win32_x64/koffi.node"), join(folder, "win32_x64/koffi.node"));
  writeFileSync(join(folder, "preload.cjs"), "process.resourcesPath = 'C:';\n");
  const args = (path: string, ...words: readonly string[]): readonly string[] => ["--require", preload, wine.project(path), ...words];
  const mesh = (...words: readonly string[]): Promise<WineFinished> => wine.run({ file: wine.node, args: args("src/main.ts", ...words) });
  return {
    args, mesh,
    json: async (...words) => {
      const { code, stdout, stderr } = await mesh(...words, "--output", "json");
      return { code, stderr, value: JSON.parse(stdout === "" ? "{}" : stdout) as Record<string, unknown> };
    },
    script: async (path, ...words) => {
      const { code, stdout, stderr } = await wine.run({ file: wine.node, args: args(path, ...words) });
      const last = stdout.trim().split("\n").at(-1) ?? "";
      if (code !== 0 || last === "") throw new Error(`${path} ended with ${code}: ${stdout}${stderr}`);
      return JSON.parse(last) as unknown;
    },
    start: (path, ...words) => wine.start({ file: wine.node, args: args(path, ...words) }),
    set: async (settings) => {
      for (const [name, value] of Object.entries(settings)) {
        const { code, stderr } = await wine.run({ file: "reg.exe", args: ["add", "HKLM\\SOFTWARE\\Buoyant\\Linkerd", "/v", name, "/t", "REG_SZ", "/d", value, "/f"] });
        if (code !== 0) throw new Error(`reg add ${name} ended with ${code}: ${stderr}`);
      }
    },
  };
}
