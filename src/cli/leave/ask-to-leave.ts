import { z } from "zod";
import { adminKeyPath } from "../../harness/admin-key.ts";
import { MeshError } from "../../model/errors.ts";
import type { Host } from "../../platform/host.ts";
import { askHarness } from "../overview/ask-harness.ts";

const problemSchema = z.object({ code: z.string(), what: z.string(), remedy: z.string() });
const farewellSchema = z.union([z.object({ noticed: z.number() }), z.object({ problem: problemSchema })]);

/** How the harness says that leaving went, and what it is called in the cluster. */
export interface HarnessFarewell {
  readonly workload: string | undefined;
  readonly farewell: z.infer<typeof farewellSchema>;
}

// Its own call is bounded by its stop's budget.
const patience = 30_000;
const pause = 100;

/** Asks the running harness to leave; undefined when none runs at that address. */
export async function askToLeave(host: Host, { address, stateDir }: { readonly address: string; readonly stateDir: string }, signal: AbortSignal): Promise<HarnessFarewell | undefined> {
  const fact = await askHarness(address, signal);
  if (fact.state === "absent") return undefined;
  const doing = `asking the harness at ${address} to leave`;
  if (fact.state === "strange") throw new MeshError("HARNESS_ABSENT", { doing, what: fact.detail, target: address });
  const key = await readKey(host, stateDir, doing);
  const response = await fetch(`http://${address}/leave`, {
    method: "POST", headers: { authorization: `Bearer ${key}` }, redirect: "error", signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]),
  });
  const farewell = farewellSchema.safeParse(await response.json().catch(() => undefined)).data;
  if (response.status === 200 && farewell !== undefined) return { workload: fact.workload, farewell };
  throw new MeshError("RIGHTS_MISSING", { doing, what: `it refused with status ${response.status}`, remedy: `Ask as root, with the STATE_DIR of that harness: it wants the key in ${adminKeyPath(stateDir)}.`, target: address });
}

/** True once nobody answers any more, false when that takes longer than `milliseconds`. */
export async function awaitEnd(host: Host, { address, milliseconds }: { readonly address: string; readonly milliseconds: number }, signal: AbortSignal): Promise<boolean> {
  const until = host.clock.monotonic() + milliseconds;
  while ((await askHarness(address, signal)).state !== "absent") {
    if (host.clock.monotonic() >= until) return false;
    await host.clock.sleep(pause, signal);
  }
  return true;
}

async function readKey(host: Host, stateDir: string, doing: string): Promise<string> {
  const path = adminKeyPath(stateDir);
  const remedy = `Ask as root, or as the harness's own account; if its STATE_DIR is another one than ${stateDir}, name it with --state-dir.`;
  try {
    const key = await host.files.readText(path);
    if (key !== undefined) return key.trim();
  } catch (cause) {
    throw new MeshError("RIGHTS_MISSING", { doing, what: `${path} cannot be read`, target: path, remedy, cause });
  }
  throw new MeshError("RIGHTS_MISSING", { doing, what: `there is no ${path}`, target: path, remedy });
}
