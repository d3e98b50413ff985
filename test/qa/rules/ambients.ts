import ts from "typescript";
import type { Finding, Rule } from "../rule.ts";
import { declaredNames, descend, findingAt, isReference, listImports } from "../syntax.ts";

const pureFolder = /^src\/(?:base|model|pki|generate)\//u;
const pureName = /^src\/(?:.*\/)?(?:machine|plan|reconcile|judge|render)(?:-[\w-]+)?\.ts$/u;
const effectPlace = /^src\/(?:platform\/|main\.ts$)/u;

const pureNames = new Set([
  "process", "console", "performance", "fetch", "crypto", "globalThis", "require",
  "setTimeout", "setInterval", "setImmediate", "queueMicrotask", "clearTimeout", "clearInterval",
]);

/** The pure code computes, and nothing else. */
export const pureCode: Rule = {
  number: 13,
  title: "pure folders and pure files (machine, plan, reconcile, judge, render) touch no clock, chance, process or module of Node",
  why: "what only computes can be tested by tables, replayed and trusted; one hidden clock makes a test flicker and a plan a lie",
  remedy: "take the time, the random number or the file's text as an argument; do the effect in the caller, through the Host",
  *find(project) {
    for (const tree of project.written(/^src\//u)) {
      if (!isPurePath(tree.fileName)) continue;
      yield* findNodeModules(tree, /^(?:node:|(?:fs|os|path|net|crypto|timers|events|child_process)(?:\/|$))/u);
      const own = declaredNames(tree);
      for (const node of descend(tree)) {
        const what = impureUse(node, own);
        if (what !== undefined) yield findingAt(node, `${what} in pure code`);
      }
    }
  },
  bad: [
    { texts: { "src/base/a.ts": "const a = process.argv;" }, finds: "process in pure code" },
    { texts: { "src/model/x/a.ts": "const a = Date.now();" }, finds: "Date.now in pure code" },
    { texts: { "src/pki/a.ts": "const a = new Date();" }, finds: "new Date() in pure code" },
    { texts: { "src/generate/a.ts": "const a = { r: Math.random() };" }, finds: "Math.random in pure code" },
    { texts: { "src/harness/machine.ts": "setTimeout(() => {}, 1);" }, finds: "setTimeout in pure code" },
    { texts: { "src/platform/linux/render-nft.ts": 'import { join } from "node:path";' }, finds: "node:path" },
    { texts: { "src/base/a.ts": "const s = AbortSignal.timeout(5);" }, finds: "AbortSignal.timeout in pure code" },
    { texts: { "src/base/a.ts": "export const a = { console };" }, finds: "console in pure code" },
  ],
  good: {
    "src/base/a.ts": "function a(process: P, now: Date) { return { at: new Date(now), console: 1, p: process.pid, x: y.setTimeout }; }",
    "src/harness/machine-room.test.ts": "",
    "src/harness/runtime.ts": "setTimeout(() => {}, 1);",
  },
};

const hostModules = /^(?:node:)?(?:fs|fs\/promises|child_process|os)$/u;

/** Effects go through the Host. */
export const hostEffects: Rule = {
  number: 13,
  title: "outside platform/ and main.ts nobody reaches for process.env, process.exit, console, files or child processes",
  why: "an effect that does not go through the Host cannot be faked in a test, differs between systems, and hides from the reader",
  remedy: "use the Host interface (src/platform/host.ts); extend it when it lacks what you need",
  *find(project) {
    for (const tree of project.written(/^src\//u)) {
      if (effectPlace.test(tree.fileName) || isPurePath(tree.fileName)) continue;
      yield* findNodeModules(tree, hostModules);
      const own = declaredNames(tree);
      for (const node of descend(tree)) {
        if (!isReference(node) || own.has(node.text)) continue;
        if (node.text === "console") yield findingAt(node, "console outside platform/");
        if (node.text === "process" && /^(?:env|exit|exitCode|kill|chdir|stdout|stderr|stdin|argv|reallyExit|abort)$/u.test(memberOf(node))) {
          yield findingAt(node, `process.${memberOf(node)} outside platform/`);
        }
      }
    }
  },
  bad: [
    { texts: { "src/harness/a.ts": "const a = process.env['A'];" }, finds: "process.env" },
    { texts: { "src/cli/a.ts": "process['exit'](1);" }, finds: "process.exit" },
    { texts: { "src/cli/a.ts": "console.log(1);" }, finds: "console" },
    { texts: { "src/simulator/a.ts": 'import { readFile } from "node:fs/promises";' }, finds: "node:fs/promises" },
    { texts: { "src/simulator/a.ts": 'const { spawn } = await import("child_process");' }, finds: "child_process" },
  ],
  good: {
    "src/main.ts": "process.exit(console.log(process.env.A));",
    "src/platform/node/files.ts": 'import { readFile } from "node:fs/promises";',
    "src/simulator/a.ts": 'import { connect } from "node:tls"; context.console.log(host.process.env);',
  },
};

/** The system is chosen once. */
export const platformChoice: Rule = {
  number: 3,
  title: "process.platform stands only in main.ts",
  why: "a platform is a folder behind one interface, chosen once; every further `if windows` is a path that half of the tests never take",
  remedy: "ask the Host (host.os at the edges), or move the difference behind the Host interface into platform/linux and platform/win32",
  *find(project) {
    for (const tree of project.written(/^src\//u)) {
      if (tree.fileName === "src/main.ts") continue;
      for (const node of descend(tree)) {
        if (isReference(node) && node.text === "process" && /^(?:platform|arch)$/u.test(memberOf(node))) yield findingAt(node, `process.${memberOf(node)}`);
        if (isReference(node) && node.text === "os" && /^(?:platform|type)$/u.test(memberOf(node)) && ts.isCallExpression(node.parent.parent)) yield findingAt(node, "os.platform()");
      }
    }
  },
  bad: [
    { texts: { "src/platform/node/a.ts": "if (process.platform === 'win32') a();" }, finds: "process.platform" },
    { texts: { "src/cli/a.ts": "const p = process['platform'];" }, finds: "process.platform" },
    { texts: { "src/platform/node/a.ts": "const p = os.platform();" }, finds: "os.platform()" },
  ],
  good: { "src/main.ts": "load(process.platform);", "src/cli/a.ts": "const p = context.process.platform + host.os;" },
};

/** A native library is loaded when it is first used. */
export const nativeAtUse: Rule = {
  number: 3,
  title: "a native library is loaded at its first use, not at import",
  why: "both platforms' code loads, and is tested, on both systems; a load at import fails on the other one",
  remedy: "load it inside a function that remembers the result: `let libc; const load = () => (libc ??= koffi.load(…))`",
  *find(project) {
    for (const tree of project.written(/^src\/platform\//u)) {
      for (const node of descend(tree)) {
        if (ts.isCallExpression(node) && node.expression.getText() === "koffi.load" && !isInsideFunction(node)) yield findingAt(node, `${node.getText()} at import`);
      }
    }
  },
  bad: [{ texts: { "src/platform/linux/ffi.ts": "const libc = koffi.load('libc.so.6');" }, finds: "at import" }],
  good: { "src/platform/linux/ffi.ts": "const libc = () => koffi.load('libc.so.6');\nfunction b() { return koffi.load('x'); }" },
};

/** True for a file that must only compute. */
export function isPurePath(path: string): boolean {
  return pureFolder.test(path) || pureName.test(path);
}

function* findNodeModules(tree: ts.SourceFile, banned: RegExp): Iterable<Finding> {
  for (const { module, node } of listImports(tree)) if (banned.test(module)) yield findingAt(node, `imports ${module}`);
}

function impureUse(node: ts.Node, own: ReadonlySet<string>): string | undefined {
  if (ts.isNewExpression(node) && node.expression.getText() === "Date" && (node.arguments?.length ?? 0) === 0) return "new Date()";
  if (!isReference(node) || own.has(node.text)) return undefined;
  if (pureNames.has(node.text)) return node.text;
  const use = `${node.text}.${memberOf(node)}`;
  if (/^(?:Date\.now|Math\.random|AbortSignal\.timeout)$/u.test(use)) return use;
  return node.text === "Date" && ts.isCallExpression(node.parent) && node.parent.expression === node ? "Date()" : undefined;
}

function isInsideFunction(node: ts.Node): boolean {
  return ts.findAncestor(node, (above) => ts.isFunctionLike(above)) !== undefined;
}

function memberOf(node: ts.Identifier): string {
  const parent = node.parent;
  if (ts.isPropertyAccessExpression(parent) && parent.expression === node) return parent.name.text;
  const index = ts.isElementAccessExpression(parent) && parent.expression === node ? parent.argumentExpression : undefined;
  return index !== undefined && ts.isStringLiteralLike(index) ? index.text : "";
}

/** The rules about what code may reach without being given it. */
export const ambientRules: readonly Rule[] = [pureCode, hostEffects, platformChoice, nativeAtUse];
