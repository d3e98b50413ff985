import ts from "typescript";
import type { Rule } from "../rule.ts";
import { descend, findingAt, hasModifier, isReference, listImports } from "../syntax.ts";

const computing = /^(?:parse|is|plan|render|encode|decode|judge|decide|reconcile)(?:[A-Z]|$)/u;

/** A verb says whether a function computes or acts. */
export const verbs: Rule = {
  number: 5,
  title: "exported functions keep to the lexicon of verbs: parse, is, plan, render, encode, decode and judge compute, watch gives a stream",
  why: "the reader decides by the verb whether a call can fail, wait or change something; a `planX` that waits breaks that trust everywhere",
  remedy: "take the awaited value as an argument, or use the verb that says what happens: read, list, apply, watch",
  *find(project) {
    for (const tree of project.written(/^src\//u)) {
      for (const node of tree.statements) {
        if (!ts.isFunctionDeclaration(node) || !hasModifier(node, ts.SyntaxKind.ExportKeyword)) continue;
        const what = brokenVerb(node);
        if (what !== undefined) yield findingAt(node, what);
      }
    }
  },
  bad: [
    { texts: { "src/setup/a.ts": "export async function planSteps(): Promise<X> {}" }, finds: "planSteps waits" },
    { texts: { "src/setup/a.ts": "export function parseFile(p: string): Promise<X> {}" }, finds: "parseFile waits" },
    { texts: { "src/model/a.ts": "export function isPort(x: number): string {}" }, finds: "isPort gives no boolean" },
    { texts: { "src/spiffe/a.ts": "export function watchIds(s: AbortSignal): string[] {}" }, finds: "watchIds gives no stream" },
  ],
  good: {
    "src/setup/a.ts": "export function planSteps(): Step[] {}\nexport function isPort(x: unknown): x is Port {}\nexport async function readPlan() {}\nfunction parseIt(): Promise<X> {}\nexport function issue(): string {}",
    "src/spiffe/a.ts": "export async function* watchIds(s: AbortSignal): AsyncIterable<X> {}",
  },
};

/** A story is read from the top. */
export const helpersBelow: Rule = {
  number: 5,
  title: "helpers stand below their caller",
  why: "a file is read from the top: what it is for comes first, how each part is done follows when the reader wants it",
  remedy: "move the helper function below the first function that uses it",
  *find(project) {
    for (const tree of project.written(/^(?:src|tools)\//u)) {
      for (const [index, node] of tree.statements.entries()) {
        if (!ts.isFunctionDeclaration(node) || node.name === undefined || hasModifier(node, ts.SyntaxKind.ExportKeyword)) continue;
        const name = node.name.text;
        const users = tree.statements.filter((other) => other !== node && refersTo(other, name));
        const first = users[0];
        if (first !== undefined && tree.statements.indexOf(first) > index) yield findingAt(node, `${name} stands above its first caller`);
      }
    }
  },
  bad: [{ texts: { "src/base/a.ts": "function help() {}\n/** A. */\nexport function a() { help(); }" }, finds: "help stands above" }],
  good: { "src/base/a.ts": "export const t = help();\nexport function a() { help(); }\nfunction help() { return deep(); }\nfunction deep() { help(); }" },
};

const releases = /^(?:close|kill|destroy|release|dispose|unlock|unref|end|stop|shutdown|rm|rmSync|remove|unlink)$/u;

/** What is acquired is released by the language. */
export const releasedByScope: Rule = {
  number: 6,
  title: "resources are released by `await using` or a disposable stack, not in a finally block",
  why: "a hand-written release is forgotten on the path nobody tests, and a throw in it hides the first error",
  remedy: "make the resource AsyncDisposable and take it with `await using`, or hand it to an AsyncDisposableStack",
  *find(project) {
    for (const tree of project.written(/^src\//u)) {
      const endings = [...descend(tree)].map((node) => (ts.isTryStatement(node) ? node.finallyBlock : undefined)).filter((block) => block !== undefined);
      for (const call of endings.flatMap((block) => [...descend(block)])) {
        if (isRelease(call)) yield findingAt(call, `${call.expression.getText()} in finally`);
      }
    }
  },
  bad: [
    { texts: { "src/harness/a.ts": "try { a(); } finally { await server.close(); }" }, finds: "server.close in finally" },
    { texts: { "src/harness/a.ts": "try { a(); } finally { child[Symbol.asyncDispose](); }" }, finds: "in finally" },
  ],
  good: { "src/harness/a.ts": "await using s = open(); try { a(); } finally { this.#busy = false; signal.removeEventListener('abort', f); }" },
};

/** A wait can be ended. */
export const abortableWaits: Rule = {
  number: 9,
  title: "every exported wait takes an AbortSignal",
  why: "stop always wins: a wait that cannot be ended is a service that hangs at shutdown",
  remedy: "add `signal: AbortSignal` as a parameter (or a field of the options) and pass it down to what waits",
  *find(project) {
    for (const tree of project.written(/^src\//u)) {
      for (const node of tree.statements) {
        if (!ts.isFunctionDeclaration(node) || !hasModifier(node, ts.SyntaxKind.ExportKeyword)) continue;
        if (!/^(?:watch|wait|until|poll|retry)(?:[A-Z]|$)/u.test(node.name?.text ?? "")) continue;
        if (!node.parameters.some((parameter) => /signal/iu.test(parameter.getText()))) yield findingAt(node, `${node.name?.text ?? ""} takes no AbortSignal`);
      }
      yield* findDeafLoops(tree);
    }
  },
  bad: [
    { texts: { "src/spiffe/a.ts": "export async function waitForId(a: string) {}" }, finds: "waitForId takes no AbortSignal" },
    { texts: { "src/harness/a.ts": 'import { setTimeout } from "node:timers/promises";' }, finds: "node:timers/promises" },
  ],
  good: { "src/spiffe/a.ts": "export async function waitForId(a: string, signal: AbortSignal) {}\nexport function watchIds({ signal }: O) {}\nexport function waiter() {}" },
};

function brokenVerb(node: ts.FunctionDeclaration): string | undefined {
  const name = node.name?.text ?? "";
  const gives = node.type?.getText() ?? "";
  const waits = hasModifier(node, ts.SyntaxKind.AsyncKeyword) || gives.startsWith("Promise<");
  if (computing.test(name) && waits) return `${name} waits`;
  if (/^is[A-Z]/u.test(name) && gives !== "" && !/^(?:boolean|(?:asserts )?\w+ is )/u.test(gives)) return `${name} gives no boolean`;
  if (/^watch[A-Z]/u.test(name) && gives !== "" && !/^Async(?:Iter|Gen)/u.test(gives)) return `${name} gives no stream`;
  return undefined;
}

function refersTo(statement: ts.Node, name: string): boolean {
  for (const node of descend(statement)) if (isReference(node) && node.text === name) return true;
  return false;
}

function isRelease(node: ts.Node): node is ts.CallExpression {
  if (!ts.isCallExpression(node)) return false;
  const callee = node.expression;
  if (ts.isElementAccessExpression(callee)) return /Symbol\.(?:asyncDispose|dispose)/u.test(callee.argumentExpression.getText());
  return ts.isPropertyAccessExpression(callee) && releases.test(callee.name.text);
}

function* findDeafLoops(tree: ts.SourceFile): Generator<ReturnType<typeof findingAt>> {
  if (tree.fileName.startsWith("src/platform/")) return;
  for (const { module, node } of listImports(tree)) {
    if (/^(?:node:)?timers/u.test(module)) yield findingAt(node, `${module} instead of the Host's clock, which takes a signal and can be faked`);
  }
}

/** The rules about how functions are named, ordered and ended. */
export const verbRules: readonly Rule[] = [verbs, helpersBelow, releasedByScope, abortableWaits];
