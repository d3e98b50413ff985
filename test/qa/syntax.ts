import ts from "typescript";
import type { Finding } from "./rule.ts";

/** Every node below (and with) this one, in the order of the text. */
export function* descend(node: ts.Node): Generator<ts.Node> {
  const stack = [node];
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    yield next;
    const children: ts.Node[] = [];
    ts.forEachChild(next, (child) => {
      children.push(child);
    });
    stack.push(...children.reverse());
  }
}

/** The line on which a node starts, counted from 1. */
export function lineOf(node: ts.Node): number {
  const tree = node.getSourceFile();
  return tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;
}

/** How many lines a node covers. */
export function lineCount(node: ts.Node): number {
  const tree = node.getSourceFile();
  return tree.getLineAndCharacterOfPosition(node.getEnd()).line + 2 - lineOf(node);
}

/** A finding at a node. */
export function findingAt(node: ts.Node, what: string): Finding {
  return { path: node.getSourceFile().fileName, line: lineOf(node), what };
}

/** A function with a body, of any form. */
export function isFunctionWithBody(node: ts.Node): node is ts.FunctionLikeDeclaration & { body: ts.Node } {
  return ts.isFunctionLike(node) && "body" in node && node.body !== undefined;
}

/** The name under which a reader knows a function. */
export function nameOf(node: ts.FunctionLikeDeclaration): string {
  if (node.name !== undefined) return node.name.getText();
  const parent = node.parent;
  if (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)) return parent.name.getText();
  if (ts.isConstructorDeclaration(node)) return "constructor";
  return ts.isCallExpression(parent) ? `callback of ${parent.expression.getText().slice(0, 40)}` : "function";
}

/** True when a declaration carries that modifier. */
export function hasModifier(node: ts.Node, kind: ts.SyntaxKind): boolean {
  return ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some((modifier) => modifier.kind === kind);
}

/** True for an identifier that stands for a value, not for the name of a property or declaration. */
export function isReference(node: ts.Node): node is ts.Identifier {
  if (!ts.isIdentifier(node)) return false;
  const parent = node.parent;
  if (ts.isPropertyAccessExpression(parent) || ts.isQualifiedName(parent)) return "expression" in parent && parent.expression === node;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node;
  if (ts.isBindingElement(parent)) return parent.initializer === node;
  if (ts.isTypeReferenceNode(parent) || ts.isImportSpecifier(parent) || ts.isExportSpecifier(parent)) return false;
  return !("name" in parent && parent.name === node) || ts.isShorthandPropertyAssignment(parent);
}

/** Names that a file declares or imports itself, so that they are not the ambient ones. */
export function declaredNames(tree: ts.SourceFile): Set<string> {
  const names = new Set<string>();
  for (const node of descend(tree)) {
    const declares = ts.isVariableDeclaration(node) || ts.isParameter(node) || ts.isBindingElement(node)
      || ts.isFunctionDeclaration(node) || ts.isImportSpecifier(node) || ts.isImportClause(node) || ts.isNamespaceImport(node);
    if (declares && node.name !== undefined && ts.isIdentifier(node.name)) names.add(node.name.text);
  }
  return names;
}

/** A module that a file names, and how. */
export interface Import {
  readonly module: string;
  readonly kind: "value" | "type" | "lazy";
  readonly node: ts.Node;
}

/** All modules that a file imports, re-exports or loads. */
export function listImports(tree: ts.SourceFile): Import[] {
  const imports: Import[] = [];
  for (const node of descend(tree)) {
    const module = moduleOf(node);
    if (module !== undefined) imports.push({ module: module.text, kind: kindOf(node), node });
  }
  return imports;
}

function moduleOf(node: ts.Node): ts.StringLiteralLike | undefined {
  const named = ts.isImportDeclaration(node) || ts.isExportDeclaration(node) ? node.moduleSpecifier : loaded(node);
  return named !== undefined && ts.isStringLiteralLike(named) ? named : undefined;
}

function loaded(node: ts.Node): ts.Node | undefined {
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) return node.arguments[0];
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return node.argument.literal;
  return undefined;
}

function kindOf(node: ts.Node): Import["kind"] {
  if (ts.isCallExpression(node)) return "lazy";
  if (ts.isImportTypeNode(node)) return "type";
  if (ts.isImportDeclaration(node)) return node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword ? "type" : "value";
  return ts.isExportDeclaration(node) && node.isTypeOnly ? "type" : "value";
}

/** All comments of a file, with the line on which each starts. */
export function listComments(tree: ts.SourceFile): { readonly text: string; readonly line: number }[] {
  const seen = new Map<number, { text: string; line: number }>();
  const collect = (node: ts.Node): void => {
    const ranges = [...(ts.getLeadingCommentRanges(tree.text, node.pos) ?? []), ...(ts.getTrailingCommentRanges(tree.text, node.end) ?? [])];
    for (const { pos, end } of ranges) seen.set(pos, { text: tree.text.slice(pos, end), line: tree.getLineAndCharacterOfPosition(pos).line + 1 });
    for (const child of node.getChildren(tree)) collect(child);
  };
  collect(tree);
  return [...seen.values()];
}
