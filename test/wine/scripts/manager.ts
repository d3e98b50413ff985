// Runs inside Wine: what the tests of the service need of the service manager, with its own times. Prints one line of JSON.
import { windowsServices } from "../../../src/platform/win32/services.ts";
import type { ServiceSpec, ServiceState } from "../../../src/platform/host.ts";
import { silentLog } from "../../fakes/silent-log.ts";
import { waitUntil } from "../../support/wait-until.ts";

const services = windowsServices(silentLog);
const [task = "", name = "", ...rest] = process.argv.slice(2);

const tasks: Readonly<Record<string, () => Promise<unknown>>> = {
  make: () => services.apply(specOf(rest)),
  start: () => timed(() => services.start(name), ["running", "stopped"]),
  stop: () => timed(() => services.stop(name), ["stopped"]),
  read: async () => (await services.read(name)) ?? null,
  cycle,
};

console.log(JSON.stringify(await tasks[task]?.()));

async function cycle(): Promise<unknown> {
  const times: { started: number; stopped: number }[] = [];
  for (let index = 0; index < Number(rest[0]); index += 1) {
    const started = await timed(() => services.start(name), ["running", "stopped"]);
    const stopped = await timed(() => services.stop(name), ["stopped"]);
    if (started.state !== "running" || stopped.exit?.system !== 0) return { failed: index, started, stopped };
    times.push({ started: started.milliseconds, stopped: stopped.milliseconds });
  }
  return { times };
}

async function timed(order: () => Promise<void>, until: readonly ServiceState[]): Promise<{ milliseconds: number } & Partial<NonNullable<Awaited<ReturnType<typeof services.read>>>>> {
  const began = performance.now();
  await order();
  const facts = await waitUntil(() => services.read(name), (seen) => seen === undefined || until.includes(seen.state), 60_000);
  return { milliseconds: Math.round(performance.now() - began), ...facts };
}

function specOf([file = "", ...args]: readonly string[]): ServiceSpec {
  return { name, displayName: name, description: "of a test", command: { file, args }, account: "own", recovery: [], shutdownPatience: 1000, dependencies: [], folders: [], files: [] };
}
