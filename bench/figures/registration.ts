import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Figure } from "../figure.ts";
import { obstacleToConnections } from "../stage/descriptors.ts";
import { renderSubjects, sizes, type Subject } from "../stage/registration-rows.ts";
import { MachineFleet } from "../stage/machine-fleet.ts";
import { makeAuthority, mintMachines, startServerProcess } from "../stage/registration-process.ts";
import type { ServerKind } from "../stage/registration-orders.ts";

const kinds: readonly ServerKind[] = ["library", "wire", "memory", "sqlite"];
// With the smallest fleet: so many calls until the code of a server is as fast as it will be.
const warmUpPasses = 40;
const passes = 5;
// As many calls as ten thousand machines make, one each in ten seconds.
const load = { perSecond: 1000, seconds: 3 };
const loads = 3;

/** What the registration service costs with each call and each machine, against the least that answers the same calls. */
export const registrationFigure: Figure = {
  id: "registration",
  obstacle: () => obstacleToConnections(kinds.length * Math.max(...sizes)),
  async measure() {
    await using stack = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), "linkerd-mesh-bench-"));
    stack.defer(() => rm(folder, { recursive: true, force: true }));
    const authority = await makeAuthority();
    const identities = await mintMachines(authority, Math.max(...sizes));
    const subjects: Subject[] = [];
    for (const kind of kinds) {
      const fleet = new MachineFleet(stack.use(await startServerProcess(kind, authority, join(folder, "store.db"))));
      subjects.push({ kind, fleet, stays: [], latencies: [] });
    }
    for (const size of sizes) {
      for (const { fleet } of subjects) await fleet.grow(identities.slice(0, size));
      if (size === sizes[0]) await warmUp(subjects);
      await measureRenewals(subjects, size);
    }
    for (let run = 0; run < loads; run += 1) {
      for (const { kind, fleet, latencies } of subjects) if (kind === "wire" || kind === "memory") latencies.push(await fleet.load(load));
    }
    for (const { fleet } of subjects) fleet.cut();
    return renderSubjects(subjects);
  },
};

async function warmUp(subjects: readonly Subject[]): Promise<void> {
  for (const { fleet } of subjects) {
    for (let pass = 0; pass < warmUpPasses; pass += 1) await fleet.renewOnce();
  }
}

/** In turns, so that whatever else the machine does meets all alike. */
async function measureRenewals(subjects: readonly Subject[], size: number): Promise<void> {
  const renewals = new Map(subjects.map((subject) => [subject, [] as number[]]));
  for (let pass = 0; pass < passes; pass += 1) {
    for (const [{ fleet }, values] of renewals) values.push((await fleet.renewOnce()) / size);
  }
  for (const [{ fleet, stays }, values] of renewals) {
    // The first pass of a size runs code that the one before did not need.
    stays.push({ size, renewal: values.slice(1), usage: await fleet.server.order({ kind: "usage", collect: true }) });
  }
}
