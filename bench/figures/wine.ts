import { installProduct } from "../../test/wine/support/installed.ts";
import { missingForWine } from "../../test/wine/support/root.ts";
import { openWine, type Wine } from "../../test/wine/support/wine.ts";
import { takeTurns, time, type Figure } from "../figure.ts";

const runs = 20;

/** How long the smallest command of the Windows executable takes in Wine, against node.exe there. */
export const wineFigure: Figure = {
  id: "wine",
  obstacle: missingForWine,
  async measure() {
    await using wine = await openWine();
    const { executable } = installProduct(wine);
    const values = await takeTurns(runs, {
      node: () => run(wine, wine.node, "-e", "0"),
      executable: () => run(wine, executable, "--version"),
    });
    return [{ id: "wine", unit: "ms", mostRatio: 1.3, measured: { title: "linkerd-mesh.exe --version", values: values.executable }, baseline: { title: "node.exe -e 0", values: values.node } }];
  },
};

function run(wine: Wine, file: string, ...args: readonly string[]): Promise<number> {
  return time(async () => {
    const { code } = await wine.run({ file, args });
    if (code !== 0) throw new Error(`${file} ${args.join(" ")} ended with ${code}`);
  });
}
