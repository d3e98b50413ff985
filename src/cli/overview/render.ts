import type { Overview } from "./overview.ts";

const systems = { linux: "Linux", win32: "Windows" } as const;

/** The overview for people: what was seen, what it means, what to do next. */
export function renderOverview({ version, os, account, parts, summary, next }: Overview): string {
  const widest = Math.max(...parts.map(({ part }) => part.length));
  return [
    `linkerd-mesh ${version} on ${systems[os]}, run by ${account}`,
    "",
    ...parts.map(({ part, good, detail }) => `  ${good ? "√" : "×"} ${part.padEnd(widest)}  ${detail}`),
    "",
    `${summary}.`,
    "",
    `Next: ${next.command}`,
    `      ${next.why}`,
  ].join("\n");
}
