import { spawnSync } from "node:child_process";
import { takeTurns, time, type Figure } from "../figure.ts";

const runs = 20;

/** How long the smallest command takes, against Node alone. */
export const versionFigure: Figure = {
  id: "version",
  obstacle: () => undefined,
  async measure({ sources, executable }) {
    const values = await takeTurns(runs, {
      node: () => run(process.execPath, ["-e", "0"]),
      sources: () => run(sources.file, [...sources.args, "--version"]),
      executable: () => run(executable.file, [...executable.args, "--version"]),
    });
    const baseline = { title: "node -e 0", values: values.node };
    return [
      { id: "version", unit: "ms", measured: { title: "--version from the sources", values: values.sources }, baseline },
      { id: "version", unit: "ms", mostRatio: 1.3, measured: { title: "--version of the executable", values: values.executable }, baseline },
    ];
  },
};

function run(file: string, args: readonly string[]): Promise<number> {
  return time(() => {
    const { status } = spawnSync(file, args, { stdio: "ignore" });
    if (status !== 0) throw new Error(`${file} ${args.join(" ")} ended with ${status}`);
  });
}
