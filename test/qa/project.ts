import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

/** Paths and texts of a small project, for examples. */
export type Texts = Readonly<Record<string, string>>;

const notOurs = new Set([".git", ".cache", "node_modules", "dist", "coverage"]);
const binary = /\.(?:png|ico|sys|etl|bin|der|gz|zip)$/u;

/** The files that the rules look at: the repository's, or those of an example. Each is read and parsed once. */
export class Project {
  readonly #texts: ReadonlyMap<string, string>;
  readonly #trees = new Map<string, ts.SourceFile>();

  constructor(texts: ReadonlyMap<string, string>) {
    this.#texts = texts;
  }

  /** Every text file below a folder, by its path with forward slashes. */
  static fromFolder(root: string): Project {
    const texts = new Map<string, string>();
    for (const path of walk(root, "")) if (!binary.test(path)) texts.set(path, readFileSync(join(root, path), "utf8"));
    return new Project(texts);
  }

  /** A project that exists only in memory. */
  static fromTexts(texts: Texts): Project {
    return new Project(new Map(Object.entries(texts)));
  }

  has(path: string): boolean {
    return this.#texts.has(path);
  }

  /** The text of a file; empty when there is none. */
  text(path: string): string {
    return this.#texts.get(path) ?? "";
  }

  /** Paths that match, in stable order. */
  paths(pattern: RegExp): string[] {
    return [...this.#texts.keys()].filter((path) => pattern.test(path)).sort();
  }

  /** The TypeScript written by hand below src, tools, bench and test. */
  written(pattern = /^(?:src|tools|bench|test)\//u): ts.SourceFile[] {
    return this.paths(/\.ts$/u).filter((path) => pattern.test(path) && !this.isGenerated(path)).map((path) => this.tree(path));
  }

  /** The syntax tree of a TypeScript file. */
  tree(path: string): ts.SourceFile {
    const known = this.#trees.get(path);
    if (known !== undefined) return known;
    const tree = ts.createSourceFile(path, this.text(path), ts.ScriptTarget.ESNext, true);
    this.#trees.set(path, tree);
    return tree;
  }

  /** True for a file whose first line says that a program wrote it. */
  isGenerated(path: string): boolean {
    return isGeneratedMark(this.text(path).split("\n", 1)[0] ?? "");
  }
}

/** True for the first line of a generated file, whatever its comment syntax. */
export function isGeneratedMark(line: string): boolean {
  return /^(?:\/\/|#|<!--|\/\*|;) ?Generated (?:by|from) /u.test(line);
}

function* walk(root: string, folder: string): Generator<string> {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    if (notOurs.has(entry.name) || entry.name.endsWith(".log")) continue;
    const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) yield* walk(root, path);
    else if (entry.isFile()) yield path;
  }
}
