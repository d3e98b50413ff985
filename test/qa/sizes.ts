import type { Project } from "./project.ts";
import { descend, isFunctionWithBody, lineCount } from "./syntax.ts";

/** Sizes that are told but not gated, for they are gamed when gated. */
export function renderSizes(project: Project): string {
  const sources = project.written(/^src\//u);
  const functions = sources.flatMap((tree) => [...descend(tree)].filter((node) => isFunctionWithBody(node)).map((node) => lineCount(node)));
  const median = functions.sort((a, b) => a - b)[Math.floor(functions.length / 2)] ?? 0;
  const count = (texts: readonly { text: string }[]): number => texts.reduce((lines, { text }) => lines + text.split("\n").length, 0);
  const ratio = count(project.written(/^test\//u)) / count(sources);
  return `sizes (told, not gated): ${functions.length} functions, median ${median} lines; ${count(sources)} lines in src; ${ratio.toFixed(2)} lines of test per line of source`;
}
