import { MeshError } from "../../model/errors.ts";
import { errorCatalogue } from "../../model/error-catalogue.ts";
import { parseServiceExit } from "../../model/service.ts";
import type { Host, ServiceFacts } from "../../platform/host.ts";
import { absent, awaitState } from "./await-state.ts";
import { renderEnd } from "./report.ts";

// A start shows signs of life for 20 s and is RUNNING then in any case.
const startPatience = 45_000;

/** Starts a service and waits until it runs; true when it did not run before. SERVICE_ABSENT, SERVICE_ENDED, SERVICE_TIMEOUT. */
export async function startService(host: Host, name: string, signal: AbortSignal): Promise<boolean> {
  const before = await awaitState(host, { name, until: ["stopped", "starting", "running", "paused"], patience: startPatience }, signal);
  if (before === undefined) throw absent(name, "starting");
  if (before.state === "running") return false;
  if (before.state === "stopped") await host.services.start(name);
  const facts = await awaitState(host, { name, until: ["running", "stopped"], patience: startPatience }, signal);
  if (facts === undefined) throw absent(name, "starting");
  if (facts.state === "stopped") throw ended(name, facts);
  return before.state === "stopped";
}

/** Stops a service and waits for its end; false when it had none to come to. SERVICE_ABSENT, SERVICE_TIMEOUT. */
export async function stopService(host: Host, asked: { readonly name: string; readonly patience: number }, signal: AbortSignal): Promise<boolean> {
  const { name, patience } = asked;
  // A service that is starting takes no control.
  const before = await awaitState(host, { name, until: ["stopped", "stopping", "running", "paused"], patience: startPatience }, signal);
  if (before === undefined) throw absent(name, "stopping");
  if (before.state === "stopped") return false;
  if (before.state !== "stopping") await host.services.stop(name);
  await awaitState(host, { name, until: ["stopped"], patience }, signal);
  return true;
}

function ended(name: string, { exit }: ServiceFacts): MeshError {
  const code = parseServiceExit(exit.own);
  return new MeshError("SERVICE_ENDED", {
    doing: `starting the service ${name}`, what: `it ended again: ${renderEnd(exit)}`, target: name,
    ...(code !== undefined && { remedy: errorCatalogue[code].remedy }),
  });
}
