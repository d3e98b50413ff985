import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createLinuxHost } from "../../src/platform/linux/host.ts";
import type { Host } from "../../src/platform/host.ts";
import { silentLog } from "../../test/fakes/silent-log.ts";
import { makeBuild } from "../../test/support/build.ts";

/** One form of our program. */
export interface Program {
  readonly name: "sources" | "executable";
  readonly file: string;
  readonly args: readonly string[];
}

/** The program as it stands in the sources, its types stripped by Node at each start. */
export const sources: Program = { name: "sources", file: process.execPath, args: [fileURLToPath(new URL("../../src/main.ts", import.meta.url))] };

/** The program as users get it: `npm run build`'s executable, made anew when it is older than the sources. */
export function openExecutable(): Program {
  return { name: "executable", file: join(makeBuild(), "linkerd-mesh"), args: [] };
}

/** This machine, with that form of the program as itself. */
export function hostOf({ file, args }: Program): Host {
  return createLinuxHost({ log: silentLog, environment: process.env, self: { file, args } });
}
