import ts from "typescript";
import type { Rule } from "../rule.ts";
import { descend, findingAt, hasModifier, lineOf, listComments } from "../syntax.ts";

/** The compiler is never told to look away. */
export const noEscapes: Rule = {
  number: "budget",
  title: "no any, no ts-ignore, no ts-expect-error, no double cast, no eslint-disable without its reason",
  why: "each is a place where the compiler's proof stops, and it spreads to everything that touches the value",
  remedy: "use unknown and narrow it, parse it with a schema, or correct the type; a lint exception says why after ` -- `",
  *find(project) {
    for (const tree of project.written()) {
      for (const node of descend(tree)) {
        if (node.kind === ts.SyntaxKind.AnyKeyword) yield findingAt(node, "any");
        if (isDoubleCast(node) && tree.fileName.startsWith("src/")) yield findingAt(node, "a cast through unknown");
      }
      if (!/@ts-|eslint-disable/u.test(tree.text)) continue;
      for (const { text, line } of listComments(tree)) {
        const escape = /@ts-(?:ignore|expect-error|nocheck)|eslint-disable(?!.* -- \S)/u.exec(text);
        if (escape !== null) yield { path: tree.fileName, line, what: escape[0] };
      }
    }
  },
  bad: [
    { texts: { "src/base/a.ts": "const a: any = 1;" }, finds: "any" },
    { texts: { "src/base/a.ts": "const a: Record<string, any[]> = {};" }, finds: "any" },
    { texts: { "src/base/a.ts": "const a = (b as unknown) as C;" }, finds: "a cast through unknown" },
    { texts: { "test/a.ts": `function a() { // @ts-ignore\n}` }, finds: `@ts-ignore` },
    { texts: { "test/a.ts": `// @ts-expect-error\na;` }, finds: `@ts-expect-error` },
    { texts: { "test/a.ts": "// eslint-disable-next-line no-x\na;" }, finds: "eslint-disable" },
  ],
  good: { "src/base/a.ts": `const any = "any"; const a = b as C; /* not @tsx */ // eslint-disable-next-line no-x -- the wire has it` },
};

/** Each exported symbol says what it is. */
export const exportSentences: Rule = {
  number: 13,
  title: "every exported symbol has a sentence above it",
  why: "the sentence is what an editor shows and what a reviewer holds the code against; without it, the name has to carry everything",
  remedy: "write /** one sentence that says what it is or does, not how. */ right above the export",
  *find(project) {
    for (const tree of project.written(/^(?:src|tools|bench|test)\/(?!.*\.test\.ts$)/u)) {
      for (const statement of tree.statements) {
        if (hasModifier(statement, ts.SyntaxKind.ExportKeyword) && !isLaterOverload(statement) && !hasSentence(statement)) {
          yield findingAt(statement, `${exportName(statement)} has no sentence`);
        }
      }
    }
  },
  bad: [
    { texts: { "src/base/a.ts": "export const a = 1;" }, finds: "a has no sentence" },
    { texts: { "src/base/a.ts": "// Not a doc comment.\nexport function a() {}" }, finds: "a has no sentence" },
    { texts: { "src/base/a.ts": "/** */\nexport class A {}" }, finds: "A has no sentence" },
    { texts: { "src/base/a.ts": "/** the thing */\nexport type A = 1;" }, finds: "A has no sentence" },
  ],
  good: { "src/base/a.ts": "/** One thing. */\nexport const a = 1;\nexport { b } from './b.ts';\nconst c = 1;\n/** `d` does it: well. */\nexport function d(): 1;\nexport function d(x?: 1): 1 {}" },
};

/** A comment is for what the code cannot say. */
export const comments: Rule = {
  number: 14,
  title: "comments hold no code and no promise without an issue",
  why: "commented-out code rots and a bare TODO is never done; comments tell why, traps and limits",
  remedy: "delete the code (git keeps it); do the work now, or open an issue and name it: TODO(#12)",
  *find(project) {
    for (const tree of project.written()) {
      for (const { text, line } of listComments(tree)) {
        const promise = /\b(?:TODO|FIXME|XXX|HACK)\b(?!\(#\d+\))/u.exec(text);
        if (promise !== null) yield { path: tree.fileName, line, what: `${promise[0]} without an issue` };
        if (text.startsWith("//") && /^\/\/\s*(?:(?:const|let|return|await|import|export|if \(|for \(|\}).*[;{}]|[\w.]+\(.*\);)$/u.test(text)) {
          yield { path: tree.fileName, line, what: "commented-out code" };
        }
      }
    }
  },
  bad: [
    { texts: { "src/base/a.ts": "// TODO: later\na();" }, finds: "without an issue" },
    { texts: { "src/base/a.ts": "function a() {\n  // const b = 1;\n}" }, finds: "commented-out code" },
    { texts: { "src/base/a.ts": "// call.me(now);\na();" }, finds: "commented-out code" },
  ],
  good: { "src/base/a.ts": `// TODO(#12): later; returns early (the queue may be empty).\n// call(x) hangs while y runs.\na();` },
};

/** Errors are told apart by their code. */
export const noDecisionByText: Rule = {
  number: 7,
  title: "nothing decides by the text of an error",
  why: "texts are for people: they change with versions, languages and systems, and then the decision silently turns",
  remedy: "compare the code (isMeshError, error.code), or let the place that knows raise a MeshError with its own code",
  *find(project) {
    for (const tree of project.written(/^src\//u)) {
      for (const node of descend(tree)) if (isMessage(node) && isDecidedUpon(node)) yield findingAt(node, `decides by ${node.getText()}`);
    }
  },
  bad: [
    { texts: { "src/spiffe/a.ts": 'if (error.message === "gone") a();' }, finds: "decides by error.message" },
    { texts: { "src/spiffe/a.ts": 'if (error.message.includes("ECONN")) a();' }, finds: "decides by error.message" },
    { texts: { "src/spiffe/a.ts": "if (/x/u.test(error?.details)) a();" }, finds: "decides by error?.details" },
  ],
  good: { "src/spiffe/a.ts": "if (error.code === 14) throw new MeshError('A', { what: error.message, b: `${error.message}` });" },
};

function isDoubleCast(node: ts.Node): boolean {
  if (!ts.isAsExpression(node)) return false;
  const inner = ts.isParenthesizedExpression(node.expression) ? node.expression.expression : node.expression;
  return ts.isAsExpression(inner) && inner.type.kind === ts.SyntaxKind.UnknownKeyword;
}

function hasSentence(node: ts.Node): boolean {
  const comment = (ts.getLeadingCommentRanges(node.getSourceFile().text, node.pos) ?? []).at(-1);
  const text = comment === undefined ? "" : node.getSourceFile().text.slice(comment.pos, comment.end);
  return /^\/\*\*[\s*]+[^\s*]+ [\s\S]+[.:?!][\s`)"*@]/u.test(text);
}

function isLaterOverload(node: ts.Statement): boolean {
  const siblings = node.getSourceFile().statements;
  const before = siblings[siblings.indexOf(node) - 1];
  return before !== undefined && ts.isFunctionDeclaration(node) && ts.isFunctionDeclaration(before) && before.name?.text === node.name?.text;
}

function exportName(node: ts.Statement): string {
  if (ts.isVariableStatement(node)) return node.declarationList.declarations.map((declaration) => declaration.name.getText()).join(", ");
  return "name" in node && node.name !== undefined ? (node.name as ts.Node).getText() : `line ${lineOf(node)}`;
}

// `details` is grpc's message text.
function isMessage(node: ts.Node): node is ts.PropertyAccessExpression {
  return ts.isPropertyAccessExpression(node) && /^(?:message|details)$/u.test(node.name.text) && /(?:error|cause|reason|problem|trouble|err|e)\)?\??$/iu.test(node.expression.getText());
}

function isDecidedUpon(node: ts.Node): boolean {
  const parent = node.parent;
  if (ts.isBinaryExpression(parent)) return /^[=!]==?$/u.test(parent.operatorToken.getText());
  if (ts.isPropertyAccessExpression(parent)) return /^(?:includes|startsWith|endsWith|match|matchAll|search|indexOf)$/u.test(parent.name.text);
  return ts.isCallExpression(parent) && /\.(?:test|exec)$/u.test(parent.expression.getText());
}

/** The rules about the language. */
export const languageRules: readonly Rule[] = [noEscapes, exportSentences, comments, noDecisionByText];

