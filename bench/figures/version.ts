import { spawnSync } from "node:child_process";
import { takeTurns, time, type Figure } from "../figure.ts";

const runs = 20;

/** How long the smallest command takes, against Node alone. */
export const versionFigure: Figure = {
  id: "version",
  obstacle: () => undefined,
  async measure({ sources, bundle }) {
    const values = await takeTurns(runs, {
      node: () => run("-e", "0"),
      sources: () => run(sources.main, "--version"),
      bundle: () => run(bundle.main, "--version"),
    });
    const baseline = { title: "node -e 0", values: values.node };
    return [
      { id: "version", unit: "ms", measured: { title: "--version from the sources", values: values.sources }, baseline },
      { id: "version", unit: "ms", measured: { title: "--version from a bundle", values: values.bundle }, baseline },
    ];
  },
};

function run(...args: readonly string[]): Promise<number> {
  return time(() => {
    const { status } = spawnSync(process.execPath, args, { stdio: "ignore" });
    if (status !== 0) throw new Error(`node ${args.join(" ")} ended with ${status}`);
  });
}
