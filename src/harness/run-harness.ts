import { MeshErrors } from "../model/errors.ts";
import { openAdminKey } from "./admin-key.ts";
import { Harness, type HarnessOptions } from "./harness.ts";
import { openInstance } from "./instance.ts";
import { listObstacles } from "./preflight.ts";
import { loadRegistration } from "./registration/create.ts";

/**
 * Runs this machine's membership until the signal is aborted or the machine leaves: identity, registration, proxy,
 * redirect, health. Throws MeshErrors for what no waiting will cure; everything else is waited for, and told by the status.
 */
export async function runHarness(options: HarnessOptions, signal: AbortSignal): Promise<void> {
  const { host, settings } = options;
  await using opened = await openInstance(host, settings.stateDir);
  const obstacles = await listObstacles(host, settings, signal);
  if (obstacles.length > 0) throw new MeshErrors(obstacles);
  const { uid } = await host.account();
  await using adminKey = await openAdminKey(host, settings.stateDir);
  const harness = new Harness(options, { instance: opened.instance, uid, adminKey, createRegistration: await loadRegistration(settings) });
  await harness.run(signal);
}
