import type { Project, Texts } from "./project.ts";

/** One place that breaks a rule. */
export interface Finding {
  readonly path: string;
  /** Counted from 1; left out when the whole file is meant. */
  readonly line?: number;
  readonly what: string;
}

/** A rule of the house as a value: how to find what breaks it, why it exists, and proof that it can fail. */
export interface Rule {
  /** Number in the list of the fifteen rules (docs/architecture.md), or the budgets. */
  readonly number: number | "budget";
  /** The sentence that is true when the project obeys. */
  readonly title: string;
  readonly why: string;
  readonly remedy: string;
  readonly find: (project: Project) => Iterable<Finding>;
  /** Small projects that break it, each with the finding it must give. */
  readonly bad: readonly { readonly texts: Texts; readonly finds: string }[];
  /** A small project that looks similar and obeys. */
  readonly good: Texts;
}

/** What a failing rule says: why it exists, what to do, and each place. */
export function renderFindings(rule: Rule, findings: readonly Finding[]): string {
  const places = findings.map((finding) => `  ${renderFinding(finding)}`);
  return [`${rule.title}: broken in ${findings.length} place(s)`, ...places, `why: ${rule.why}`, `do: ${rule.remedy}`].join("\n");
}

/** A finding as editors understand it: path:line: what. */
export function renderFinding({ path, line, what }: Finding): string {
  return `${path}${line === undefined ? "" : `:${line}`}: ${what}`;
}
