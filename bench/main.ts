// Measures what the product costs, each figure beside a baseline of the same run. `--output json` for programs, `--plot` for
// the picture of how the costs grow, words for single figures; progress goes to stderr.
import { writeFile } from "node:fs/promises";
import { connectionFigure } from "./figures/connections.ts";
import { idleFigure } from "./figures/idle.ts";
import { ruleFigure } from "./figures/rules.ts";
import { roundsFigure } from "./figures/registration-rounds.ts";
import { stormFigure } from "./figures/registration-storm.ts";
import { registrationFigure } from "./figures/registration.ts";
import { lifeFigure } from "./figures/life.ts";
import { spireFigure } from "./figures/spire.ts";
import { unreachableFigure } from "./figures/unreachable.ts";
import { versionFigure } from "./figures/version.ts";
import { wineFigure } from "./figures/wine.ts";
import type { Bench, Figure, Row } from "./figure.ts";
import { renderPlot } from "./plot.ts";
import { createReport, renderReport, renderRow } from "./report.ts";
import { openExecutable, sources } from "./stage/programs.ts";

const figures: readonly Figure[] = [versionFigure, wineFigure, lifeFigure, spireFigure, unreachableFigure, idleFigure, connectionFigure, ruleFigure, registrationFigure, stormFigure, roundsFigure];

const words = process.argv.slice(2);
const json = words.join(" ").includes("--output json");
const plot = words.includes("--plot");
const wanted = words.filter((word) => !["--output", "json", "text", "--plot"].includes(word));
const unknown = wanted.filter((word) => !figures.some(({ id }) => id === word));

if (unknown.length > 0) {
  console.error(`bench: there is no figure '${unknown.join("', '")}'; there are: ${figures.map(({ id }) => id).join(", ")}`);
  process.exit(2);
}
const start = performance.now();
const bench: Bench = { sources, executable: openExecutable(), signal: AbortSignal.timeout(600_000) };
const rows: Row[] = [];
for (const figure of figures.filter(({ id }) => wanted.length === 0 || wanted.includes(id))) {
  const got = await measure(figure);
  for (const row of got) console.error(renderRow(row));
  rows.push(...got);
}
const growths = rows.flatMap((row) => ("growth" in row ? row.growth : []));
if (plot && growths.length > 0) await writeFile(new URL("../docs/registration-growth.svg", import.meta.url), renderPlot(growths));
const report = createReport(rows, (performance.now() - start) / 1000);
process.stdout.write(json ? `${JSON.stringify(report, undefined, 2)}\n` : `\n${renderReport(report)}`);
process.exit(rows.some((row) => "why" in row && row.why.startsWith("it failed")) ? 1 : 0);

async function measure({ id, obstacle, measure: run }: Figure): Promise<readonly Row[]> {
  const why = await obstacle();
  if (why !== undefined) return [{ id, why }];
  try {
    return await run(bench);
  } catch (error) {
    return [{ id, why: `it failed: ${error instanceof Error ? error.stack ?? error.message : String(error)}` }];
  }
}
