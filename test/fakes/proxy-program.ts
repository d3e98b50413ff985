import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Manners } from "./proxy.ts";

/** An executable file that is the fake proxy; `behave` changes what the next start does. */
export interface ProxyProgram extends AsyncDisposable {
  readonly path: string;
  behave(manners: Manners, version?: string): Promise<void>;
}

/** Makes a fake proxy that can be started like linkerd2-proxy, by its path alone. */
export async function makeProxyProgram(manners: Manners = "good", version?: string): Promise<ProxyProgram> {
  const folder = await mkdtemp(join(tmpdir(), "proxy-fake-"));
  const path = join(folder, "proxy");
  const behave = async (how: Manners, which = "2.366.0"): Promise<void> => {
    const script = fileURLToPath(new URL("proxy.ts", import.meta.url));
    await writeFile(path, `#!/bin/sh\nexec '${process.execPath}' '${script}' '${JSON.stringify({ manners: how, version: which })}'\n`, { mode: 0o755 });
  };
  await behave(manners, version);
  return { path, behave, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}
