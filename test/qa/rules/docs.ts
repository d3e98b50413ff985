import { posix } from "node:path";
import ts from "typescript";
import type { Project } from "../project.ts";
import type { Finding, Rule } from "../rule.ts";
import { descend } from "../syntax.ts";

const catalogue = "src/model/error-catalogue.ts";

/** The list of errors in the docs and in the code are one. */
export const errorsDocumented: Rule = {
  number: 7,
  title: "every error code has a section in the docs, every such section has its code, and every code is raised somewhere",
  why: "a code is what the user searches for; one that the docs do not know, or that nothing raises, wastes the search",
  remedy: "run `npm run generate` (title and remedy stand in src/model/error-catalogue.ts); delete codes that nothing raises",
  *find(project) {
    const codes = listCodes(project);
    const sections = new Map(project.paths(/^docs\/(?:errors|troubleshooting)\.md$/u).flatMap((path) => listCodeSections(project, path)));
    for (const code of codes) if (!sections.has(code)) yield { path: "docs/errors.md", what: `has no section for ${code}` };
    for (const [code, at] of sections) if (!codes.includes(code)) yield { ...at, what: `${code} is not in the catalogue` };
    const used = project.written(/^src\//u).filter((tree) => tree.fileName !== catalogue).map((tree) => tree.text).join("\n");
    for (const code of codes) if (!new RegExp(`["'\`]${code}["'\`]`, "u").test(used)) yield { path: catalogue, what: `${code} is raised nowhere` };
  },
  bad: [
    { texts: { [catalogue]: "export const errorCatalogue = { USAGE: { exit: 2 } };", "src/a.ts": "f('USAGE')" }, finds: "no section for USAGE" },
    { texts: { [catalogue]: "export const errorCatalogue = {};", "docs/errors.md": "## GONE\n" }, finds: "GONE is not in the catalogue" },
    { texts: { [catalogue]: "export const errorCatalogue = { USAGE: {} };", "docs/errors.md": "## USAGE\n" }, finds: "USAGE is raised nowhere" },
  ],
  good: { [catalogue]: "export const errorCatalogue = { USAGE: { exit: 2 } } as const satisfies X;", "docs/troubleshooting.md": "## USAGE\n## When SPIRE is away\n", "src/a.ts": "f('USAGE')" },
};

/** Links lead somewhere. */
export const linksResolve: Rule = {
  number: 14,
  title: "every relative link in the docs names a file and heading that exist",
  why: "the docs are where an operator lands at three in the morning; a dead link is a dead end",
  remedy: "correct the path or the #heading, or write the page",
  *find(project) {
    for (const path of project.paths(/^(?:docs\/.*|[\w-]+)\.md$/u)) {
      for (const { target, line } of listLinks(project.text(path))) {
        const [file = "", anchor] = target.split("#");
        const to = file === "" ? path : posix.join(posix.dirname(path), file).replace(/\/$/u, "");
        const exists = project.has(to) || project.paths(/^/u).some((other) => other.startsWith(`${to}/`));
        if (!exists) yield { path, line, what: `${target}: no such file` };
        else if (anchor !== undefined && to.endsWith(".md") && !listAnchors(project.text(to)).has(anchor)) yield { path, line, what: `${target}: no such heading` };
      }
    }
  },
  bad: [
    { texts: { "README.md": "[a](docs/a.md)" }, finds: "docs/a.md: no such file" },
    { texts: { "docs/a.md": "# One\n[a](../README.md#two)", "README.md": "# Two words" }, finds: "no such heading" },
    { texts: { "docs/a.md": "[a](#none)" }, finds: "#none: no such heading" },
    { texts: { "docs/a.md": "![picture](mesh.svg)" }, finds: "mesh.svg: no such file" },
  ],
  good: { "README.md": "# The `x` one\n[a](docs/) [b](https://example.org/x) [c](#the-x-one) `[d](e)`\n```\n[f](g)\n```", "docs/a.md": "[a](../README.md#the-x-one)" },
};

/** What the reader is told to type exists. */
export const documentedScripts: Rule = {
  number: 14,
  title: "every npm script that README, docs or CI tell to run exists, and runs through the launcher",
  why: "the README's commands are the promise; the launcher is what makes them work on a host with another Node",
  remedy: "correct the text, or add the script as `node tools/run.mjs <task>`",
  *find(project) {
    const { scripts = {} } = JSON.parse(project.text("package.json") || "{}") as { scripts?: Record<string, string> };
    for (const [name, line] of Object.entries(scripts)) {
      if (!/^node tools\/run\.mjs [\w:-]+/u.test(line)) yield { path: "package.json", what: `'${name}' does not run through tools/run.mjs` };
    }
    for (const path of project.paths(/^(?:docs\/.*\.md|README\.md|\.ci\/.*|\.github\/.*|CHANGELOG\.md)$/u)) {
      for (const { name, line } of listScriptMentions(project.text(path))) {
        if (!(name in scripts)) yield { path, line, what: `${name === "test" ? "npm test" : `npm run ${name}`}: no such script` };
      }
    }
  },
  bad: [
    { texts: { "package.json": '{"scripts":{}}', "README.md": "npm run demo" }, finds: "npm run demo: no such script" },
    { texts: { "package.json": '{"scripts":{}}', "README.md": "npm test" }, finds: "npm test: no such script" },
    { texts: { "package.json": '{"scripts":{"lint":"eslint ."}}' }, finds: "'lint' does not run through" },
  ],
  good: { "package.json": '{"scripts":{"demo":"node tools/run.mjs demo","test":"node tools/run.mjs test"}}', "README.md": "`npm run demo`, npm test, npm ci" },
};

/** The documents that a release needs are there. */
export const documentsPresent: Rule = {
  number: 14,
  title: "the docs say what the product cannot do, what it exposes and what it changes; the changelog has an Unreleased part",
  why: "an administrator decides by these pages whether it may run at all; what they leave out is found out in production",
  remedy: "write the missing page or heading; each user-visible change gets a line under Unreleased in the same commit",
  *find(project) {
    const needed: [path: string, heading: RegExp, ...besides: string[]][] = [
      ["CHANGELOG.md", /^## \[?Unreleased\]?/mu],
      ["docs/limits.md", /^# /mu],
      ["docs/architecture.md", /^## .*\b(?:[Ss]urfaces?|exposes)\b/mu, "docs/limits.md"],
      ["docs/architecture.md", /^## .*\b[Cc]hanges?\b/mu, "docs/limits.md"],
      ["docs/troubleshooting.md", /^# /mu],
      ["LICENSE", /Apache License/u],
    ];
    if (!project.has("README.md")) return;
    for (const [path, heading, ...besides] of needed) {
      if (![path, ...besides].some((place) => heading.test(project.text(place)))) yield { path, what: `has no ${heading.source}` };
    }
  },
  bad: [{ texts: { "README.md": "", "CHANGELOG.md": "# Changelog\n## 1.0.0\n" }, finds: "CHANGELOG.md: has no" }],
  good: {
    "README.md": "", "CHANGELOG.md": "## [Unreleased]", "docs/limits.md": "# Limits", "docs/troubleshooting.md": "# T",
    "docs/architecture.md": "## Surfaces and who may use them\n## Changes on a machine", LICENSE: "Apache License",
  },
};

/** The docs tell to type commands that exist. */
export const documentedCommands: Rule = {
  number: 15,
  title: "every linkerd-mesh command line in a code block of the docs is a command of the table",
  why: "a reader copies code blocks; a command that was renamed since fails in his hands, not in ours",
  remedy: "correct the block, or add the command to src/cli/commands/index.ts",
  *find(project) {
    const commands = listCommands(project);
    if (commands.length === 0) return;
    for (const path of project.paths(/^(?:docs\/.*|README)\.md$/u)) {
      for (const { words, line } of listCommandLines(project.text(path))) {
        const known = words.length === 0 || commands.some((name) => name.every((word, index) => words[index] === word));
        if (!known) yield { path, line, what: `linkerd-mesh ${words.join(" ")}: no such command` };
      }
    }
  },
  bad: [
    { texts: { "src/cli/commands/index.ts": 'const t = [{ name: ["config", "show"] }];', "README.md": "```sh\nlinkerd-mesh config list\n```" }, finds: "README.md:2: linkerd-mesh config list: no such command" },
    { texts: { "src/cli/commands/index.ts": 'const t = [{ name: ["run"] }];', "docs/a.md": "```\nsudo linkerd-mesh  start --x\n```" }, finds: "linkerd-mesh start: no such command" },
  ],
  good: { "src/cli/commands/index.ts": 'const t = [{ name: ["config", "show"] }];', "README.md": "linkerd-mesh does much.\n```sh\nlinkerd-mesh config show logLevel | cat\nlinkerd-mesh --help\nlinkerd-mesh   # alone\nLinkerd-mesh says\n```" },
};

function listCommands(project: Project): string[][] {
  const path = "src/cli/commands/index.ts";
  if (!project.has(path)) return [];
  return [...descend(project.tree(path))]
    .filter((node) => ts.isPropertyAssignment(node) && node.name.getText() === "name" && ts.isArrayLiteralExpression(node.initializer))
    .map((node) => [...descend(node)].filter((word) => ts.isStringLiteral(word)).map((word) => word.text));
}

// The words before the first option, pipe or comment, of each line in a fenced block that starts the program.
function listCommandLines(text: string): { words: string[]; line: number }[] {
  let fenced = false;
  return text.split("\n").flatMap((content, index) => {
    if (content.startsWith("```")) fenced = !fenced;
    const match = fenced ? /^(?:\$ |sudo )?linkerd-mesh(?<rest>(?: .*)?)$/u.exec(content) : null;
    if (match === null) return [];
    const words = (match.groups?.["rest"] ?? "").trim().split(/\s+/u);
    const end = words.findIndex((word) => !/^[a-z][a-z-]*$/u.test(word));
    return [{ words: end === -1 ? words : words.slice(0, end), line: index + 1 }];
  });
}

function listCodes(project: Project): string[] {
  if (!project.has(catalogue)) return [];
  const table = [...descend(project.tree(catalogue))].filter((node) => ts.isVariableDeclaration(node)).find((node) => node.name.getText() === "errorCatalogue");
  const object = table === undefined ? undefined : [...descend(table)].find((node) => ts.isObjectLiteralExpression(node));
  return object !== undefined && ts.isObjectLiteralExpression(object) ? object.properties.map((row) => row.name?.getText() ?? "") : [];
}

function listCodeSections(project: Project, path: string): [code: string, at: Pick<Finding, "path" | "line">][] {
  return project.text(path).split("\n").flatMap((text, index) => {
    const code = /^#{2,3} `?([A-Z][A-Z0-9_]{3,})`?$/u.exec(text)?.[1];
    return code === undefined ? [] : [[code, { path, line: index + 1 }]];
  });
}

function listLinks(text: string): { target: string; line: number }[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```/gmu, (block) => block.replaceAll(/[^\n]/gu, "")).split("\n");
  return prose.flatMap((line, index) => [...line.replaceAll(/`[^`]*`/gu, "`").matchAll(/\]\(([^)\s]+)(?:\s+"[^"]*")?\)/gu)]
    .map(([, target = ""]) => ({ target, line: index + 1 }))
    .filter(({ target }) => !/^[a-z]+:/u.test(target)));
}

function listScriptMentions(text: string): { name: string; line: number }[] {
  return text.split("\n").flatMap((line, index) => [...line.matchAll(/\bnpm (?:run ([\w:-]+)|test\b)/gu)].map(([, name = "test"]) => ({ name, line: index + 1 })));
}

function listAnchors(text: string): Set<string> {
  return new Set([...text.matchAll(/^#+ (.*)$/gmu)].map(([, heading = ""]) => heading.toLowerCase().replaceAll(/[^\p{L}\p{N}_\- ]/gu, "").trim().replaceAll(" ", "-")));
}

/** The rules about the documents. */
export const docsRules: readonly Rule[] = [errorsDocumented, linksResolve, documentedScripts, documentsPresent, documentedCommands];
