import { readFileSync } from "node:fs";

/** A suite's wish to skip itself. */
export interface SkipWish {
  /** The name of the suite, as .ci/may-skip lists it. */
  readonly suite: string;
  /** What is missing and how to get it, as one sentence. */
  readonly reason: string;
}

/**
 * Skips the enclosing `describe` with a printed reason when what it needs is missing.
 * Under CI=true only the suites in .ci/may-skip may do so; any other then fails, so that a suite cannot fall silent.
 * Call it first in the body of the `describe`; the condition may be a function that looks at the machine.
 */
export function skipUnless(suite: string, condition: boolean | (() => boolean | Promise<boolean>), reason: string): void {
  before(`needs of ${suite}`, async function () {
    if (this.test?.parent?.root === true) throw new Error("skipUnless must be called inside a describe, or it would skip every test of the run");
    if (typeof condition === "boolean" ? condition : await condition()) return;
    const refusal = judgeSkip({ suite, reason }, { ci: process.env["CI"] === "true", maySkip: readMaySkip() });
    if (refusal !== undefined) throw new Error(refusal);
    console.log(`    skipped: ${suite}: ${reason}`);
    this.skip();
  });
}

/** Why the suite may not skip, or undefined when it may. */
export function judgeSkip(wish: SkipWish, rules: { readonly ci: boolean; readonly maySkip: ReadonlySet<string> }): string | undefined {
  if (!rules.ci || rules.maySkip.has(wish.suite)) return undefined;
  return `'${wish.suite}' must not skip when CI=true (${wish.reason}): let .ci/run install what it needs, or list it in .ci/may-skip with the reason`;
}

/** The names in a may-skip list: `name: reason` on each line, # starts a comment; a name without a reason is an error. */
export function parseMaySkip(text: string): ReadonlySet<string> {
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"));
  return new Set(lines.map((line) => {
    const match = /^(?<name>[\w-]+): \S/u.exec(line);
    if (match?.groups?.["name"] === undefined) throw new Error(`.ci/may-skip: '${line}' is not 'name: reason'`);
    return match.groups["name"];
  }));
}

function readMaySkip(): ReadonlySet<string> {
  return parseMaySkip(readFileSync(new URL("../../.ci/may-skip", import.meta.url), "utf8"));
}
