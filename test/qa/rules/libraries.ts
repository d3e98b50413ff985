import type { Rule } from "../rule.ts";
import { findingAt, listImports } from "../syntax.ts";

/** Which library may be imported where: each has one place, or a few where the wire is the subject. */
const places: Readonly<Record<string, RegExp>> = {
  "@bufbuild/protobuf": /\/generated\//u,
  "@grpc/grpc-js": /^src\/(?:spiffe|linkerd|registration|simulator|autoregistration|harness)\//u,
  "@peculiar/x509": /^src\/(?:pki|spiffe|simulator)\//u,
  "reflect-metadata": /^src\/(?:pki|spiffe|simulator)\//u,
  execa: /^src\/platform\/node\//u,
  // platform/node/koffi.ts and sealed-koffi.ts load it, for the packages and for the executable; ffi.ts alone calls it.
  koffi: /^src\/platform\/(?:(?:linux|win32)\/ffi|node\/(?:sealed-)?koffi)\.ts$/u,
  pino: /^src\/platform\/node\//u,
  "prom-client": /^src\/(?:harness|simulator|autoregistration)\//u,
  yaml: /^src\/(?:model|generate|cli|simulator|autoregistration)\//u,
  yargs: /^src\/cli\//u,
  zod: /^src\/(?:platform\/linux|cli|model|spiffe|linkerd|registration|setup|harness|autoregistration|diagnostics|simulator)\//u,
};

/** Each library stays behind the place that wraps it. */
export const libraryPlaces: Rule = {
  number: 13,
  title: "each library is imported only in its place, and koffi only in an ffi.ts",
  why: "a library that is imported everywhere cannot be replaced, and native code must be readable in one file per system",
  remedy: "use what its place exports; if another place is right, change the table in test/qa/rules/libraries.ts and say why in the commit",
  *find(project) {
    for (const path of project.paths(/^src\/.*\.ts$/u)) {
      for (const { module, node } of listImports(project.tree(path))) {
        const library = libraryOf(module);
        if (library === undefined) continue;
        const place = places[library];
        if (place === undefined) yield findingAt(node, `${library} has no place in the table`);
        else if (!place.test(path)) yield findingAt(node, `${library} belongs in ${place.source}`);
      }
    }
  },
  bad: [
    { texts: { "src/harness/a.ts": 'import koffi from "koffi";' }, finds: "koffi belongs in" },
    { texts: { "src/platform/win32/services.ts": 'import koffi from "koffi";' }, finds: "koffi belongs in" },
    { texts: { "src/cli/a.ts": 'import _ from "lodash";' }, finds: "lodash has no place" },
    { texts: { "src/cli/a.ts": 'import pino from "pino/file";' }, finds: "pino belongs in" },
  ],
  good: { "src/platform/win32/ffi.ts": 'import koffi from "koffi";', "src/cli/a.ts": 'import { z } from "zod"; import { a } from "./b.ts"; import tls from "node:tls";' },
};

/** What is shipped is used, and what is used is declared. */
export const declaredDependencies: Rule = {
  number: 13,
  title: "dependencies in package.json and imports in src agree",
  why: "an unused dependency is attack surface and size for nothing; an undeclared one works only by accident of another's tree",
  remedy: "remove the dependency, or declare it with its exact version",
  *find(project) {
    const { dependencies = {} } = JSON.parse(project.text("package.json") || "{}") as { dependencies?: Record<string, string> };
    const used = new Map<string, { path: string }>();
    for (const path of project.paths(/^src\/.*\.ts$/u)) {
      for (const { module } of listImports(project.tree(path))) used.set(libraryOf(module) ?? "", { path });
    }
    for (const name of Object.keys(dependencies)) if (!used.has(name)) yield { path: "package.json", what: `${name} is imported nowhere in src` };
    for (const [name, { path }] of used) if (name !== "" && !(name in dependencies)) yield { path, what: `${name} is not in dependencies` };
  },
  bad: [
    { texts: { "package.json": '{"dependencies":{"zod":"1.0.0"}}', "src/a.ts": "" }, finds: "zod is imported nowhere" },
    { texts: { "package.json": '{"dependencies":{}}', "src/a.ts": 'import "zod";' }, finds: "zod is not in dependencies" },
  ],
  good: { "package.json": '{"dependencies":{"@grpc/grpc-js":"1.0.0"}}', "src/a.ts": 'import "@grpc/grpc-js/build/x.js"; import "node:fs";' },
};

function libraryOf(module: string): string | undefined {
  if (module.startsWith(".") || module.startsWith("node:")) return undefined;
  return module.split("/").slice(0, module.startsWith("@") ? 2 : 1).join("/");
}

/** The rules about libraries. */
export const libraryRules: readonly Rule[] = [libraryPlaces, declaredDependencies];
