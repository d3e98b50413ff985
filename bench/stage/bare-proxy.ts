import { readFile } from "node:fs/promises";
import { parseStatus } from "../../src/harness/status-schema.ts";
import type { Child } from "../../src/platform/host.ts";
import type { Place } from "../../src/simulator/demo/network.ts";
import { adminPorts, ask } from "./ask.ts";

/** What is needed to start the proxy as the harness does, without a harness. */
export interface BareProxy {
  readonly path: string;
  readonly environment: readonly string[];
}

/** Learns from a running harness how it starts its proxy. */
export async function readBareProxy(path: string): Promise<BareProxy> {
  const status = parseStatus(JSON.parse((await ask(adminPorts.harness, "/status"))?.body ?? "{}"));
  const environment = await readFile(`/proc/${status?.proxy.pid ?? 0}/environ`, "utf8");
  return { path, environment: environment.split("\0").filter((line) => line.includes("=")) };
}

/** Starts it in a place. */
export function startBareProxy(place: Place, { path, environment }: BareProxy): Promise<Child> {
  return place.spawn({ file: "env", args: ["-i", ...environment, path], onLine: () => undefined });
}
