import ts from "typescript";
import type { Rule } from "../rule.ts";
import { descend, findingAt, hasModifier, listImports } from "../syntax.ts";
import { posix } from "node:path";

const decision = /^src\/(?:.*\/)?(?:(?:machine|plan|reconcile|judge)(?:-[\w-]+)?|resolve)\.ts$|^src\/(?:.*\/)?[\w-]+-(?:machine|plan|judge)\.ts$/u;

/** Decisions are tested where the reader looks. */
export const decisionsTested: Rule = {
  number: 2,
  title: "every pure decision file (machine, plan, reconcile, judge, resolve) has a test of the same name",
  why: "decide, plan, apply: the decision is the part that tables can test completely, and `npm run mutate` runs exactly that test",
  remedy: "write test/<same path>.test.ts that compares the plan or state as text; keep effects out of the file",
  *find(project) {
    for (const tree of project.written(/^src\//u)) {
      const test = tree.fileName.replace(/^src\/(.*)\.ts$/u, "test/$1.test.ts");
      if (decision.test(tree.fileName) && !isTypesOnly(tree) && !project.has(test)) yield { path: tree.fileName, what: `has no ${test}` };
    }
  },
  bad: [{ texts: { "src/harness/machine.ts": "export const a = 1;" }, finds: "has no test/harness/machine.test.ts" }],
  good: { "src/harness/machine.ts": "export const a = 1;", "test/harness/machine.test.ts": "", "src/setup/plan.ts": "export type A = 1;" },
};

/** Install, uninstall and repair are one function. */
export const oneSetup: Rule = {
  number: 2,
  title: "setup has no install, uninstall or repair of its own: they are one plan, applied by one loop",
  why: "an uninstall written by hand forgets what the install learned since; undo is data of each step",
  remedy: "describe the desired machine and let plan(desired, observed) find the steps; the command only chooses what is desired",
  *find(project) {
    for (const tree of project.written(/^src\/setup\//u)) {
      for (const node of tree.statements) {
        if (ts.isFunctionDeclaration(node) && /^(?:install|uninstall|repair|upgrade)/u.test(node.name?.text ?? "")) yield findingAt(node, `${node.name?.text ?? ""} is an action of its own`);
      }
    }
  },
  bad: [{ texts: { "src/setup/uninstall.ts": "export async function uninstallService() {}" }, finds: "uninstallService" }],
  good: { "src/setup/plan.ts": "export function planMachine() {}", "src/cli/commands/install.ts": "function install() {}" },
};

/** Probing looks, judging computes. */
export const checksAreValues: Rule = {
  number: 8,
  title: "a diagnostic check is a declaration {id, title, severity, probe, judge, hint}, and its judge is pure",
  why: "what only computes can be tested with every answer a machine may give; and a check as data can be listed, skipped and documented",
  remedy: "let probe look and return data, let judge compute from it, and fill the missing fields",
  *find(project) {
    for (const tree of project.written(/^src\/diagnostics\/checks\//u)) {
      for (const node of descend(tree)) {
        if (!ts.isObjectLiteralExpression(node)) continue;
        const names = new Map(node.properties.map((property) => [property.name?.getText() ?? "", property]));
        const judge = names.get("judge");
        if (judge === undefined) continue;
        const missing = ["id", "title", "severity", "probe", "hint"].filter((field) => !names.has(field));
        if (missing.length > 0) yield findingAt(node, `a check without ${missing.join(", ")}`);
        if ([...descend(judge)].some((child) => ts.isAwaitExpression(child) || child.kind === ts.SyntaxKind.AsyncKeyword)) yield findingAt(judge, "judge waits");
      }
    }
  },
  bad: [
    { texts: { "src/diagnostics/checks/a.ts": "const a = { id: 1, judge: (x) => x };" }, finds: "without title, severity, probe, hint" },
    { texts: { "src/diagnostics/checks/a.ts": "const a = { id, title, severity, probe, hint, judge: async (x) => x };" }, finds: "judge waits" },
  ],
  good: { "src/diagnostics/checks/a.ts": "const a = { id, title, severity, hint, probe: async () => look(), judge(x) { return x; } };" },
};

/** Commands are values, found in one table, loaded when used. */
export const commandsAreValues: Rule = {
  number: 15,
  title: "each file in cli/commands exports a Command value (or those of one group) and is loaded lazily by the table in index.ts",
  why: "help, completion, docs and cmdlets are projections of the commands; importing all libraries costs half a second, so a command loads only its own",
  remedy: "export a value of type Command, and add a row with `load: () => import(\"./x.ts\")` to src/cli/commands/index.ts",
  *find(project) {
    const index = "src/cli/commands/index.ts";
    const imports = project.has(index) ? listImports(project.tree(index)) : [];
    const rows = new Map(imports.map(({ module, kind, node }) => [posix.join("src/cli/commands", module), { kind, node }]));
    for (const path of project.paths(/^src\/cli\/commands\/[\w-]+\.ts$/u)) {
      if (path === index) continue;
      const row = rows.get(path);
      const values = project.tree(path).statements.filter((statement) => isCommandExport(statement));
      if (values.length === 0) yield { path, what: "exports no Command value" };
      if (row === undefined) yield { path, what: "is not in the table" };
      else if (row.kind === "value") yield findingAt(row.node, `loads ${path} at start`);
    }
  },
  bad: [
    { texts: { "src/cli/commands/a.ts": "/** A. */\nexport const a: Command = {};", "src/cli/commands/index.ts": "" }, finds: "is not in the table" },
    { texts: { "src/cli/commands/a.ts": "export const a: Command = {};", "src/cli/commands/index.ts": "import { a } from './a.ts';" }, finds: "loads src/cli/commands/a.ts at start" },
    { texts: { "src/cli/commands/a.ts": "export const a = 1;", "src/cli/commands/index.ts": "const t = () => import('./a.ts');" }, finds: "exports no Command value" },
  ],
  good: { "src/cli/commands/a.ts": "export const a = {} satisfies Command;", "src/cli/commands/index.ts": "const t = () => import('./a.ts');" },
};

/** PowerShell is a thin shell over the executable. */
export const thinShells: Rule = {
  number: 15,
  title: "a cmdlet calls the executable with --output json and holds no logic of its own; it has help and an example",
  why: "logic in two languages differs after the first change; the executable is the one that is tested",
  remedy: "call the private function that runs linkerd-mesh and converts its JSON; move logic into the command",
  *find(project) {
    for (const path of project.paths(/^module\/.*\/Public\/[\w-]+\.ps1$/u)) {
      const text = project.text(path);
      for (const needed of [".SYNOPSIS", ".EXAMPLE"]) if (!text.includes(needed)) yield { path, what: `has no ${needed}` };
      const other = /\b(?:Get-Service|Set-Service|New-ItemProperty|Set-ItemProperty|New-NetFirewallRule|Invoke-WebRequest|Invoke-RestMethod|sc\.exe|netsh|reg\.exe)\b/iu.exec(text);
      if (other !== null) yield { path, what: `acts by itself: ${other[0]}` };
    }
    for (const path of project.paths(/^module\/.*\/Private\/.*\.ps1$/u)) {
      const text = project.text(path);
      if (/linkerd-mesh/u.test(text) && /&\s|Start-Process|ProcessStartInfo/u.test(text) && !/--output[\s'",]+json/u.test(text)) yield { path, what: "runs the executable without --output json" };
    }
  },
  bad: [
    { texts: { "module/LinkerdMesh/Public/Get-A.ps1": "function Get-A { Get-Service x }" }, finds: "acts by itself: Get-Service" },
    { texts: { "module/LinkerdMesh/Public/Get-A.ps1": "function Get-A { }" }, finds: "has no .SYNOPSIS" },
    { texts: { "module/LinkerdMesh/Private/Invoke-Mesh.ps1": "& linkerd-mesh status" }, finds: "without --output json" },
  ],
  good: { "module/LinkerdMesh/Public/Get-A.ps1": "<# .SYNOPSIS a .EXAMPLE b #> function Get-A { Invoke-Mesh status }", "module/LinkerdMesh/Private/Invoke-Mesh.ps1": "& linkerd-mesh --output json @args" },
};

function isTypesOnly(tree: ts.SourceFile): boolean {
  return tree.statements.every((statement) => ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement) || ts.isImportDeclaration(statement));
}

// A value of type Command, or the function that makes one from the table of commands.
function isCommandExport(statement: ts.Statement): boolean {
  if (!hasModifier(statement, ts.SyntaxKind.ExportKeyword)) return false;
  if (ts.isFunctionDeclaration(statement)) return statement.type?.getText() === "Command";
  return ts.isVariableStatement(statement) && statement.declarationList.declarations.some(({ type, initializer }) => {
    const declared = type?.getText() ?? (initializer !== undefined && ts.isSatisfiesExpression(initializer) ? initializer.type.getText() : "");
    return declared === "Command";
  });
}

/** The rules about things that are values. */
export const shapeRules: readonly Rule[] = [decisionsTested, oneSetup, checksAreValues, commandsAreValues, thinShells];
