import ts from "typescript";
import type { Rule } from "../rule.ts";
import { descend, findingAt, isFunctionWithBody, listImports } from "../syntax.ts";

/** A test that asserts nothing always passes. */
export const testsAssert: Rule = {
  number: 13,
  title: "every test asserts, and every test file holds a test",
  why: "a test without an assertion passes whatever the code does, and counts as one that guards it",
  remedy: "assert what must hold with node:assert/strict or fc.assert, directly or in a helper named assert… or expect…",
  *find(project) {
    for (const tree of project.written(/^test\/.*\.test\.ts$/u)) {
      const asserting = listAsserting(tree);
      const tests = [...descend(tree)].filter((node) => isTest(node));
      if (tests.length === 0) yield { path: tree.fileName, what: "holds no test" };
      for (const test of tests) {
        const body = test.arguments[1];
        if (body === undefined) yield findingAt(test, "has no body, so it never runs");
        else if (!asserts(body, asserting)) yield findingAt(test, `asserts nothing: ${test.arguments[0]?.getText() ?? ""}`);
      }
    }
  },
  bad: [
    { texts: { "test/a.test.ts": "it('a', () => { run(); });" }, finds: "asserts nothing" },
    { texts: { "test/a.test.ts": "it('a');" }, finds: "has no body" },
    { texts: { "test/a.test.ts": "describe('a', () => {});" }, finds: "holds no test" },
    { texts: { "test/a.test.ts": "function check() { run(); }\nit('a', () => { check(); });" }, finds: "asserts nothing" },
  ],
  good: { "test/a.test.ts": "const deep = () => assert(1);\nfunction check() { deep(); }\nit('a', () => { check(); });\nit('b', async () => { await assert.rejects(x); });\nit('c', () => fc.assert(p));\nit('d', expectAll);" },
};

/** All tests run, always. */
export const testsRun: Rule = {
  number: 13,
  title: "no .only, no skip but skipUnless, no retries",
  why: "a test that does not run is green; a retry hides the race that the user will meet",
  remedy: "remove it; a missing need is declared by skipUnless (test/support/skip.ts), a race is repaired",
  *find(project) {
    for (const tree of project.written(/^test\//u)) {
      if (tree.fileName === "test/support/skip.ts") continue;
      for (const node of descend(tree)) {
        if (!ts.isCallExpression(node)) continue;
        const called = node.expression.getText();
        if (/^(?:(?:describe|it|context|specify|suite|test)\.(?:only|skip)|this\.(?:skip|retries)|x(?:it|describe))$/u.test(called)) yield findingAt(node, called);
      }
    }
  },
  bad: [
    { texts: { "test/a.test.ts": "it.only('a', () => {});" }, finds: "only" },
    { texts: { "test/a.test.ts": "describe.skip('a', () => {});" }, finds: "skip" },
    { texts: { "test/a.test.ts": "it('a', function () { this.retries(3); });" }, finds: "this.retries" },
    { texts: { "test/a.test.ts": "before(function () { this.skip(); });" }, finds: "this.skip" },
  ],
  good: { "test/a.test.ts": "skipUnless('a', ok, 'why'); stream.skip(1);" },
};

/** Tests wait for events, not for time. */
export const noSleeps: Rule = {
  number: 9,
  title: "tests do not sleep",
  why: "a sleep is too short on a slow machine and too long on every other; the event it stands for is the thing to await",
  remedy: "await the event, the line of log, or the promise; drive time with a fake clock; bound a wait with AbortSignal.timeout",
  *find(project) {
    for (const tree of project.written(/^test\/(?!qa\/)/u)) {
      for (const { module, node } of listImports(tree)) if (/^(?:node:)?timers\/promises$/u.test(module)) yield findingAt(node, `imports ${module}`);
      for (const node of descend(tree)) if (isSleep(node)) yield findingAt(node, "sleeps");
    }
  },
  bad: [
    { texts: { "test/a.test.ts": "await new Promise((resolve) => setTimeout(resolve, 100));" }, finds: "sleeps" },
    { texts: { "test/a.ts": "await new Promise<void>((done) => { setTimeout(() => done(), ms); });" }, finds: "sleeps" },
    { texts: { "test/a.ts": 'import { setTimeout as sleep } from "node:timers/promises";' }, finds: "timers/promises" },
  ],
  good: { "test/a.test.ts": "await new Promise((resolve) => server.once('close', resolve)); setTimeout(() => server.close(), 1); AbortSignal.timeout(9);" },
};

function isTest(node: ts.Node): node is ts.CallExpression {
  return ts.isCallExpression(node) && ts.isIdentifier(node.expression) && /^(?:it|specify)$/u.test(node.expression.text);
}

const assertion = /^(?:assert|expect|verify|prove)/u;

// Functions of the file that assert themselves or call one that does.
function listAsserting(tree: ts.SourceFile): Set<string> {
  const functions = new Map<string, ts.Node>();
  for (const node of descend(tree)) {
    if (ts.isFunctionDeclaration(node) && node.name !== undefined) functions.set(node.name.text, node);
    if (ts.isVariableDeclaration(node) && node.initializer !== undefined && isFunctionWithBody(node.initializer)) functions.set(node.name.getText(), node.initializer);
  }
  const asserting = new Set<string>();
  for (let before = -1; before !== asserting.size;) {
    before = asserting.size;
    for (const [name, node] of functions) if (asserts(node, asserting)) asserting.add(name);
  }
  return asserting;
}

function asserts(body: ts.Node, known: ReadonlySet<string>): boolean {
  if (ts.isIdentifier(body)) return known.has(body.text) || assertion.test(body.text);
  for (const node of descend(body)) {
    if (!ts.isCallExpression(node)) continue;
    const words = node.expression.getText().split(/\??\./u);
    if (words.some((word) => assertion.test(word)) || known.has(words[0] ?? "")) return true;
  }
  return false;
}

function isSleep(node: ts.Node): boolean {
  if (!ts.isNewExpression(node) || node.expression.getText() !== "Promise") return false;
  const executor = node.arguments?.[0];
  if (executor === undefined || !isFunctionWithBody(executor)) return false;
  const body = executor.body;
  const only = ts.isBlock(body) && body.statements.length === 1 && body.statements[0] !== undefined ? body.statements[0] : body;
  const call = ts.isExpressionStatement(only) ? only.expression : only;
  return ts.isCallExpression(call) && /^(?:globalThis\.)?set(?:Timeout|Interval)$/u.test(call.expression.getText());
}

/** The rules about the tests. */
export const testRules: readonly Rule[] = [testsAssert, testsRun, noSleeps];
