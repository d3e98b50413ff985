import ts from "typescript";
import type { Project } from "../project.ts";
import type { Rule } from "../rule.ts";
import { descend, findingAt } from "../syntax.ts";

// Whole literals only: prose and examples may mention a name, code may not repeat it.
const wellKnown = [
  /^(?:4140|4143|4191|4192|8086|8090)$/u,
  /^linkerd_mesh$/u,
  /^(?:linkerd-proxy-harness|linkerdtcpredirect|spire-agent)$/iu,
  /^(?:\/var\/lib|\/etc|\/opt|\/usr\/lib|\/var\/log|\/run)\/linkerd-mesh\b/u,
  /^(?:unix:\/\/)?\/tmp\/spire-agent\//u,
  /^\\\\\.\\pipe\\/u,
  /^(?:HKLM|HKEY_LOCAL_MACHINE|SOFTWARE)\\/u,
  /^\{?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\}?$/iu,
  /^LINKERD2_PROXY_[A-Z]\w*$/u,
  /^LINKERD_MESH_[A-Z]\w*$/u,
];

// Whoever comes first here owns a name that several files write.
const owners = [/^src\/model\/settings\/table\.ts$/u, /^src\/model\//u, /^src\//u];

/** A well-known name is written once. */
export const namesOnce: Rule = {
  number: 4,
  title: "every port, path, pipe, service name, GUID and variable name is a literal in one file only",
  why: "a name in two files changes in one of them; rules, probes and uninstall then speak of different things",
  remedy: "export it from the file that owns it (the settings table for defaults, src/model for shared names) and import it",
  *find(project) {
    const first = new Map<string, string>();
    const trees = owners.flatMap((owner) => project.written(owner));
    for (const tree of new Set(trees)) {
      for (const node of descend(tree)) {
        const name = literalName(node);
        if (name === undefined || !wellKnown.some((pattern) => pattern.test(name))) continue;
        const owner = first.get(name) ?? tree.fileName;
        first.set(name, owner);
        if (owner !== tree.fileName) yield findingAt(node, `'${name}' is already in ${owner}`);
      }
    }
  },
  bad: [
    { texts: { "src/a.ts": "const a = 4143;", "src/b.ts": "const b = { default: '4143' };" }, finds: "'4143' is already in src/a.ts" },
    { texts: { "src/a.ts": "const a = 4143;", "src/model/b.ts": "const b = 4143;" }, finds: "src/a.ts:1: '4143' is already in src/model/b.ts" },
    { texts: { "src/a.ts": "const a = '/var/lib/linkerd-mesh';", "src/b.ts": "const b = `/var/lib/linkerd-mesh`;" }, finds: "is already in src/a.ts" },
    { texts: { "src/a.ts": "const a = '\\\\\\\\.\\\\pipe\\\\x';", "src/b.ts": "const b = '\\\\\\\\.\\\\pipe\\\\x';" }, finds: "pipe" },
    { texts: { "src/a.ts": "const a = { LINKERD2_PROXY_LOG: 1 };", "src/b.ts": "env['LINKERD2_PROXY_LOG'];" }, finds: "LINKERD2_PROXY_LOG" },
  ],
  good: { "src/a.ts": "const a = 4143; const b = a === 4143;", "src/b.ts": "const b = 'The proxy listens at 4143.'; type P = 4143;" },
};

// Variables that are not settings: they choose where settings come from.
const besidesSettings = new Set(["CONFIG"]);

/** Texts speak only of settings that exist. */
export const settingsExist: Rule = {
  number: 1,
  title: "every setting that a text names is a row of the settings table, and every row is in docs/settings.md",
  why: "one table declares every setting; a name that is not in it sends the reader after something that does nothing",
  remedy: "correct the name, or add the row to src/model/settings/table.ts; `npm run generate` writes the docs",
  *find(project) {
    const rows = listSettings(project);
    const docs = project.text("docs/settings.md");
    for (const row of rows) if (!docs.includes(row)) yield { path: "docs/settings.md", what: `has no row for ${row}` };
    for (const path of project.paths(/^(?:src\/(?!.*\/generated\/).*\.ts|docs\/.*\.md|README\.md)$/u)) {
      for (const { name, line } of listVariables(project.text(path))) {
        if (!rows.includes(name) && !besidesSettings.has(name)) yield { path, line, what: `LINKERD_MESH_${name} is no setting` };
      }
    }
  },
  bad: [
    { texts: { "src/model/settings/table.ts": "export const settingsTable = { logLevel: {} };", "docs/settings.md": "" }, finds: "has no row for LOG_LEVEL" },
    { texts: { "README.md": "set LINKERD_MESH_NOTHING=1" }, finds: "LINKERD_MESH_NOTHING is no setting" },
    { texts: { "src/cli/a.ts": "const a = 'LINKERD_MESH_LOG_LEVL';" }, finds: "LINKERD_MESH_LOG_LEVL is no setting" },
  ],
  good: {
    "src/model/settings/table.ts": "export const settingsTable = { logLevel: { kind: level } } as const satisfies Rows;",
    "docs/settings.md": "| LOG_LEVEL |",
    "src/cli/a.ts": "const a = 'LINKERD_MESH_LOG_LEVEL', b = 'LINKERD_MESH_' + x;",
  },
};

function listVariables(text: string): { name: string; line: number }[] {
  return text.split("\n").flatMap((line, index) => [...line.matchAll(/LINKERD_MESH_([A-Z][A-Z_]*[A-Z])/gu)].map(([, name = ""]) => ({ name, line: index + 1 })));
}

function literalName(node: ts.Node): string | undefined {
  if (ts.isStringLiteralLike(node) || ts.isNumericLiteral(node)) return ts.isLiteralTypeNode(node.parent) ? undefined : node.text;
  return ts.isIdentifier(node) && ts.isPropertyAssignment(node.parent) && node.parent.name === node ? node.text : undefined;
}

function listSettings(project: Project): string[] {
  const path = "src/model/settings/table.ts";
  if (!project.has(path)) return [];
  for (const node of descend(project.tree(path))) {
    if (!ts.isVariableDeclaration(node) || node.name.getText() !== "settingsTable" || node.initializer === undefined) continue;
    const table = [...descend(node.initializer)].find((child) => ts.isObjectLiteralExpression(child) && !ts.isPropertyAssignment(child.parent));
    if (table !== undefined && ts.isObjectLiteralExpression(table)) {
      return table.properties.map((row) => (row.name?.getText() ?? "").replaceAll(/[A-Z]/gu, "_$&").toUpperCase());
    }
  }
  return [];
}

/** The rules about names that stand in more than one place. */
export const nameRules: readonly Rule[] = [namesOnce, settingsExist];
