import ts from "typescript";

/** One change to a file: what stands between start and end becomes `text`. */
export interface Mutant {
  readonly file: string;
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly line: number;
  /** For the report: what became what. */
  readonly change: string;
}

type Edit = readonly [node: ts.Node, text: string];

const swaps: Readonly<Record<string, string>> = {
  "===": "!==", "!==": "===", "<": "<=", "<=": "<", ">": ">=", ">=": ">", "&&": "||", "||": "&&", "??": "&&",
};

/** Every mutant of a file: turned comparisons and conditions, decided branches, emptied results, dropped effects on values. */
export function listMutants(file: string, source: string): Mutant[] {
  const tree = ts.createSourceFile(file, source, ts.ScriptTarget.ESNext, true);
  const mutants: Mutant[] = [];
  const visit = (node: ts.Node): void => {
    for (const [target, text] of listEdits(node)) {
      const start = target.getStart(tree);
      const line = tree.getLineAndCharacterOfPosition(start).line + 1;
      mutants.push({ file, start, end: target.getEnd(), text, line, change: `${shorten(target.getText(tree))} → ${text.trim()}` });
    }
    if (!ts.isTypeNode(node) && !ts.isInterfaceDeclaration(node)) ts.forEachChild(node, visit);
  };
  visit(tree);
  return mutants;
}

function* listEdits(node: ts.Node): Generator<Edit> {
  if (ts.isBinaryExpression(node)) {
    const swapped = swaps[node.operatorToken.getText()];
    if (swapped !== undefined) yield [node.operatorToken, swapped];
  }
  if (ts.isIfStatement(node)) yield* [[node.expression, "true"], [node.expression, "false"]] as const;
  if (ts.isConditionalExpression(node)) yield* [[node.condition, "true"], [node.condition, "false"]] as const;
  if (ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.ExclamationToken) yield [node, node.operand.getText()];
  if (node.kind === ts.SyntaxKind.TrueKeyword && !ts.isLiteralTypeNode(node.parent)) yield [node, "false"];
  if (node.kind === ts.SyntaxKind.FalseKeyword && !ts.isLiteralTypeNode(node.parent)) yield [node, "true"];
  if (ts.isArrayLiteralExpression(node) && node.elements.length > 0 && isResult(node)) yield [node, "[]"];
  if (ts.isExpressionStatement(node) && ts.isCallExpression(node.expression)) yield [node, ";"];
  if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression) && node.expression.name.text === "filter") {
    yield [node, node.expression.expression.getText()];
  }
}

// An array that is given back, not one that is only passed along.
function isResult(node: ts.Expression): boolean {
  return ts.isReturnStatement(node.parent) || ts.isArrowFunction(node.parent) || ts.isPropertyAssignment(node.parent);
}

function shorten(text: string): string {
  const line = text.replaceAll(/\s+/gu, " ");
  return line.length > 60 ? `${line.slice(0, 57)}…` : line;
}
