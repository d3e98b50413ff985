import { copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { makeBuild } from "../../support/build.ts";
import type { WineFinished } from "./driver-client.ts";
import type { Wine } from "./wine.ts";

/** The built product where an installer puts it. */
export interface Installed {
  /** Its folder as Linux sees it, and as Windows does. */
  readonly folder: string;
  readonly windowsFolder: string;
  readonly executable: string;
  /** Runs a command line to its end. */
  mesh(words: readonly string[], more?: { readonly environment?: Readonly<Record<string, string>>; readonly folder?: string }): Promise<WineFinished>;
}

/** Copies the built executable, and what belongs beside it, to its default folder. Builds it first when it is absent or old. */
export function installProduct(wine: Wine): Installed {
  const dist = makeBuild();
  const folder = join(wine.drive, "Program Files/Buoyant/Linkerd");
  mkdirSync(folder, { recursive: true });
  for (const name of ["linkerd-mesh.exe", "koffi.node"]) copyFileSync(join(dist, name), join(folder, name));
  const windowsFolder = "C:\\Program Files\\Buoyant\\Linkerd";
  const executable = `${windowsFolder}\\linkerd-mesh.exe`;
  return { folder, windowsFolder, executable, mesh: (args, more = {}) => wine.run({ file: executable, args, ...more }) };
}
