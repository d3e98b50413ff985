import { posix } from "node:path";
import type { Project } from "../project.ts";
import type { Rule } from "../rule.ts";
import { findingAt, listImports, type Import } from "../syntax.ts";

const wire = ["spiffe", "linkerd", "kube", "registration", "pki"];
const features = ["setup", "harness", "autoregistration", "diagnostics", "simulator"];
const ground = ["base", "model", "host"];

/** What each area of src may import besides itself. */
const mayImport: Readonly<Record<string, readonly string[]>> = {
  base: [],
  model: ["base"],
  host: ["base", "model"],
  ...Object.fromEntries(wire.map((area) => [area, ground])),
  ...Object.fromEntries(features.map((area) => [area, [...ground, ...wire]])),
  generate: ["base", "model"],
  cli: [...ground, ...wire, ...features, "generate"],
  "platform/node": ground,
  "platform/linux": [...ground, "platform/node"],
  "platform/win32": [...ground, "platform/node"],
  main: [...ground, ...wire, ...features, "generate", "cli", "platform/node", "platform/linux", "platform/win32"],
};

/** The layers of src. */
export const importDirection: Rule = {
  number: 13,
  title: "imports point one way: base, model, host, wire, features, cli, main; platforms only from main",
  why: "a feature that knows another feature or an operating system cannot be tested, moved or replaced alone",
  remedy: "move what both need down (a value to model, an effect to the Host interface), or let cli join the two",
  *find(project) {
    for (const path of project.paths(/^src\/.*\.ts$/u)) {
      const from = areaOf(path);
      const allowed = mayImport[from];
      if (allowed === undefined) yield { path, what: `'${from}' is not an area of src; known: ${Object.keys(mayImport).join(", ")}` };
      for (const { node, target } of listTargets(project, path)) {
        const to = areaOf(target);
        // The product's version has one place, and that is no module.
        if (target === "package.json") continue;
        if (allowed !== undefined && target.endsWith(".ts") && to !== from && !allowed.includes(to)) yield findingAt(node, `${from} imports ${to} (${target})`);
      }
    }
  },
  bad: [
    { texts: { "src/base/a.ts": 'import { b } from "../model/b.ts";' }, finds: "base imports model" },
    { texts: { "src/harness/a.ts": 'import type { b } from "../simulator/b.ts";' }, finds: "harness imports simulator" },
    { texts: { "src/spiffe/a.ts": 'export { b } from "../linkerd/b.ts";' }, finds: "spiffe imports linkerd" },
    { texts: { "src/harness/a.ts": 'const b = await import("../platform/linux/b.ts");' }, finds: "harness imports platform/linux" },
    { texts: { "src/cli/a.ts": 'type B = import("../platform/node/b.ts").B;' }, finds: "cli imports platform/node" },
    { texts: { "src/helpers/a.ts": "" }, finds: "'helpers' is not an area" },
  ],
  good: {
    "src/main.ts": 'const p = await import("./platform/linux/index.ts");',
    "src/harness/a.ts": 'import type { Host } from "../platform/host.ts"; import { b } from "./b.ts"; import { c } from "../spiffe/c.ts";',
    "src/platform/linux/a.ts": 'import { b } from "../node/b.ts";',
    "src/cli/a.ts": 'import { r } from "../generate/r.ts";',
  },
};

/** Files do not depend on themselves by a detour. */
export const importCycles: Rule = {
  number: "budget",
  title: "no import cycle",
  why: "files in a cycle are one file in several pieces: none can be understood, tested or loaded alone",
  remedy: "move what both sides need into a third file below them; a type counts too",
  *find(project) {
    const graph = new Map(project.paths(/^(?:src|test|tools|bench)\/.*\.ts$/u)
      .map((path) => [path, listTargets(project, path).filter(({ kind }) => kind !== "lazy").map(({ target }) => target)]));
    for (const cycle of findCycles(graph)) yield { path: cycle[0] ?? "", what: `imports itself: ${[...cycle, cycle[0]].join(" → ")}` };
  },
  bad: [
    { texts: { "src/base/a.ts": 'import "./b.ts";', "src/base/b.ts": 'import type { C } from "./c.ts";', "src/base/c.ts": 'export * from "./a.ts";' }, finds: "a.ts → src/base/b.ts → src/base/c.ts → src/base/a.ts" },
    { texts: { "src/base/a.ts": 'import "./a.ts";' }, finds: "a.ts → src/base/a.ts" },
  ],
  good: { "src/base/a.ts": 'import "./b.ts"; import "./c.ts";', "src/base/b.ts": 'import "./c.ts";', "src/base/c.ts": "export const load = () => import('./a.ts');" },
};

/** A relative import names an existing file with its extension, as Node resolves it. */
export const importTargets: Rule = {
  number: 13,
  title: "every relative import names a file that exists, with its extension",
  why: "Node runs the sources as they are and guesses nothing; a lazy import of a missing file fails only at the user's",
  remedy: "correct the path, or add the file",
  *find(project) {
    for (const path of project.paths(/^(?:src|test|tools|bench)\/.*\.ts$/u)) {
      for (const { node, target } of listTargets(project, path)) if (!project.has(target)) yield findingAt(node, `${target} does not exist`);
    }
  },
  bad: [{ texts: { "src/cli/a.ts": 'const b = () => import("./commands/b.ts");' }, finds: "src/cli/commands/b.ts does not exist" }],
  good: { "src/cli/a.ts": 'const b = () => import("./commands/b.ts");', "src/cli/commands/b.ts": "" },
};

function areaOf(path: string): string {
  if (path === "src/platform/host.ts") return "host";
  const [, first = "", second = ""] = path.split("/");
  if (first === "platform") return `platform/${second}`;
  return first.replace(/\.ts$/u, "");
}

interface Target extends Import {
  readonly target: string;
}

function listTargets(project: Project, path: string): Target[] {
  return listImports(project.tree(path))
    .filter(({ module }) => module.startsWith("."))
    .map((found) => ({ ...found, target: posix.join(posix.dirname(path), found.module) }));
}

function* findCycles(graph: ReadonlyMap<string, readonly string[]>): Generator<readonly string[]> {
  const done = new Set<string>();
  const trail: string[] = [];
  function* visit(path: string): Generator<readonly string[]> {
    if (trail.includes(path)) yield trail.slice(trail.indexOf(path));
    if (done.has(path) || trail.includes(path)) return;
    trail.push(path);
    for (const next of graph.get(path) ?? []) yield* visit(next);
    trail.pop();
    done.add(path);
  }
  for (const path of graph.keys()) yield* visit(path);
}

/** The rules about what imports what. */
export const importRules: readonly Rule[] = [importDirection, importCycles, importTargets];
