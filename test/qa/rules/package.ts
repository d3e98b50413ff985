import type { Rule } from "../rule.ts";

interface Manifest {
  readonly license?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
}

interface Lock {
  readonly packages?: Readonly<Record<string, Manifest & { readonly version?: string; readonly resolved?: string; readonly integrity?: string; readonly dev?: boolean; readonly link?: boolean }>>;
}

const compatible = /^\(?(?:Apache-2\.0|MIT|MIT-0|ISC|0BSD|BSD-2-Clause|BSD-3-Clause|BlueOak-1\.0\.0|Unlicense|CC0-1\.0|Python-2\.0|Zlib)(?:[ )]|$)/u;

/** Everyone installs the same bytes. */
export const pinned: Rule = {
  number: 13,
  title: "versions are exact, the lock file agrees, has a hash for each package and names no registry",
  why: "a range installs different code tomorrow; a registry's host in the lock file binds every user to one network",
  remedy: "npm i -E NAME@VERSION; .npmrc has omit-lockfile-registry-resolved=true",
  *find(project) {
    const manifest = JSON.parse(project.text("package.json") || "{}") as Manifest;
    const { packages = {} } = JSON.parse(project.text("package-lock.json") || "{}") as Lock;
    const root = packages[""];
    for (const kind of ["dependencies", "devDependencies", "optionalDependencies"] as const) {
      for (const [name, version] of Object.entries(manifest[kind] ?? {})) {
        if (!/^\d+\.\d+\.\d+(?:-[\w.]+)?$/u.test(version)) yield { path: "package.json", what: `${name} is not pinned: ${version}` };
        if (root?.[kind]?.[name] !== version) yield { path: "package-lock.json", what: `${name} ${version} is not what the lock has: run npm install` };
      }
    }
    for (const [path, { resolved, integrity, link }] of Object.entries(packages)) {
      if (resolved !== undefined && link !== true) yield { path: "package-lock.json", what: `${path} names a host` };
      if (path !== "" && integrity === undefined && link !== true) yield { path: "package-lock.json", what: `${path} has no hash` };
    }
  },
  bad: [
    { texts: { "package.json": '{"dependencies":{"a":"^1.0.0"}}', "package-lock.json": '{"packages":{"":{"dependencies":{"a":"^1.0.0"}}}}' }, finds: "a is not pinned" },
    { texts: { "package.json": '{"dependencies":{"a":"1.0.1"}}', "package-lock.json": '{"packages":{"":{"dependencies":{"a":"1.0.0"}}}}' }, finds: "not what the lock has" },
    { texts: { "package-lock.json": '{"packages":{"node_modules/a":{"integrity":"x","resolved":"https://host.example/a.tgz"}}}' }, finds: "names a host" },
    { texts: { "package-lock.json": '{"packages":{"node_modules/a":{}}}' }, finds: "has no hash" },
  ],
  good: { "package.json": '{"dependencies":{"a":"1.0.0"}}', "package-lock.json": '{"packages":{"":{"dependencies":{"a":"1.0.0"}},"node_modules/a":{"integrity":"x"}}}' },
};

/** What we ship may be shipped. */
export const licences: Rule = {
  number: 13,
  title: "everything shipped has a licence compatible with Apache-2.0",
  why: "one dependency under a stronger licence changes what every user of the product may do",
  remedy: "take another library; if the licence is compatible, add it to the list in test/qa/rules/package.ts",
  *find(project) {
    const { packages = {} } = JSON.parse(project.text("package-lock.json") || "{}") as Lock;
    for (const [path, { license, dev }] of Object.entries(packages)) {
      if (path !== "" && dev !== true && !compatible.test(license ?? "")) yield { path: "package-lock.json", what: `${path}: ${license ?? "no licence"}` };
    }
  },
  bad: [
    { texts: { "package-lock.json": '{"packages":{"node_modules/a":{"license":"GPL-3.0-only"}}}' }, finds: "node_modules/a: GPL-3.0-only" },
    { texts: { "package-lock.json": '{"packages":{"node_modules/a":{}}}' }, finds: "node_modules/a: no licence" },
  ],
  good: { "package-lock.json": '{"packages":{"":{},"node_modules/a":{"license":"MIT"},"node_modules/b":{"license":"GPL-3.0-only","dev":true},"node_modules/c":{"license":"(BSD-3-Clause AND Apache-2.0)"}}}' },
};

const slash = "/";
// Spelled in parts, so that this file does not break its own rule.
const privatePlaces: readonly (readonly [RegExp, string])[] = [
  [new RegExp(`(?:^|[\\s"'\`(=:])${slash}(?:work|root|home${slash}\\w+|Users${slash}\\w+)${slash}\\w`, "mu"), "a path of somebody's machine"],
  [new RegExp(`${slash}opt${slash}(?!linkerd-mesh\\b)[a-z][\\w.-]*`, "u"), "a path of somebody's machine"],
  [/https?:\/\/[\w.-]*(?:registry|artifactory|nexus|goproxy|proxy\.golang|mirror)[\w.-]*/iu, "a registry's host"],
  [/\bissues (?:show|list)\b|\bhelper [A-Z]{2,}\b|\bbefore-stop\b/u, "a tool of the workplace"],
];

/** The repository works outside the place where it was written. */
export const noWorkplace: Rule = {
  number: 13,
  title: "no file names a registry's host, a path of one machine or a tool of the workplace",
  why: "it fails, or misleads, on every other machine, and tells strangers about ours",
  remedy: "use a path relative to the repository, an environment variable, or the public name",
  *find(project) {
    for (const path of project.paths(/^(?!LICENSE$|test\/qa\/rules\/package\.ts$)/u)) {
      const text = project.text(path);
      for (const [pattern, what] of privatePlaces) {
        const match = pattern.exec(text);
        if (match !== null) yield { path, line: text.slice(0, match.index).split("\n").length, what: `${what}: ${match[0].trim()}` };
      }
    }
  },
  bad: [
    { texts: { "docs/a.md": `cd ${slash}work/main` }, finds: "a path of somebody's machine" },
    { texts: { "test/a.ts": `run("${slash}opt/proxy")` }, finds: "a path of somebody's machine" },
    { texts: { ".npmrc": "registry=https://registry.example.org" }, finds: "a registry's host" },
  ],
  good: { "docs/a.md": "In /opt/linkerd-mesh, framework/x, ../work/a and https://example.org; list issues." },
};

/** The rules about what is installed and published. */
export const packageRules: readonly Rule[] = [pinned, licences, noWorkplace];
