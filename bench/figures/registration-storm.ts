import { silenceLimit } from "../../src/autoregistration/lease-life.ts";
import type { Figure, MeasuredRow, Row } from "../figure.ts";
import { obstacleToConnections } from "../stage/descriptors.ts";
import { MachineFleet } from "../stage/machine-fleet.ts";
import { makeAuthority, mintMachines, startServerProcess } from "../stage/registration-process.ts";
import type { ServerKind } from "../stage/registration-orders.ts";
import type { Machine } from "../stage/wire-machine.ts";

const machines = 2000;
const asked = 10_000;
const runs = 2;
// As much shorter than the usual one as the fleet is smaller than the one that is asked for.
const lease = (40_000 * machines) / asked;

const titles = { library: "an empty handler of the gRPC library", memory: "the service, store in memory" } as const;
const returns = {
  renew: { title: "cut, connected anew, renewed", comeBack: (machine: Machine) => machine.renew() },
  register: { title: "cut, restarted, registered anew", comeBack: (machine: Machine) => machine.register(true) },
} as const;

/** What it costs when all machines lose their connection at once and come back at once. */
export const stormFigure: Figure = {
  id: "storm",
  obstacle: () => obstacleToConnections(2 * machines),
  async measure() {
    await using stack = new AsyncDisposableStack();
    const authority = await makeAuthority();
    const identities = await mintMachines(authority, machines);
    const fleets = new Map<ServerKind, MachineFleet>();
    for (const kind of ["library", "memory"] as const) {
      const fleet = new MachineFleet(stack.use(await startServerProcess(kind, authority)));
      await fleet.grow(identities);
      fleets.set(kind, fleet);
    }
    const rows: Row[] = [];
    for (const name of ["renew", "register"] as const) rows.push(...(await measureReturn(name, fleets)));
    for (const fleet of fleets.values()) fleet.cut();
    return rows;
  },
};

interface Spent {
  readonly cpu: number[];
  readonly took: number[];
}

async function measureReturn(name: keyof typeof returns, fleets: ReadonlyMap<ServerKind, MachineFleet>): Promise<readonly Row[]> {
  const spent = new Map([...fleets.keys()].map((kind): [ServerKind, Spent] => [kind, { cpu: [], took: [] }]));
  for (let run = 0; run < runs; run += 1) {
    for (const [kind, fleet] of fleets) {
      const { cpu, took } = kind === "memory" ? await stormWithShortLeases(fleet, name) : await fleet.storm(returns[name].comeBack);
      spent.get(kind)?.cpu.push((cpu / 1000) * (asked / machines));
      spent.get(kind)?.took.push(took / 1000);
    }
  }
  const series = (kind: "library" | "memory", what: string, of: (spent: Spent) => readonly number[]): MeasuredRow["measured"] => {
    const own = spent.get(kind);
    return { title: `${what}, ${titles[kind]}`, values: own === undefined ? [] : of(own) };
  };
  const scaled = `${machines} machines ${returns[name].title}, scaled to ${asked}`;
  const whole = `until all ${machines} were back`;
  const late = spent.get("memory")?.took.filter((took) => took * 1000 >= silenceLimit(lease)).length ?? 0;
  return [
    ...(late === 0 ? [] : [{ id: "storm", why: `${late} of ${runs} storms took longer than leases of ${lease / 1000} s allow, so that nothing is known of living machines taken for dead; the machine is too busy` }]),
    { id: "storm", unit: "s of CPU", measured: series("memory", scaled, ({ cpu }) => cpu), baseline: series("library", "the same", ({ cpu }) => cpu), goal: 30 },
    { id: "storm", unit: "s", measured: series("memory", whole, ({ took }) => took), baseline: series("library", "the same", ({ took }) => took) },
  ];
}

/** With leases that a storm of this size strains as a large one strains the usual; throws when a living machine was taken for dead. */
async function stormWithShortLeases(fleet: MachineFleet, name: keyof typeof returns): Promise<{ readonly cpu: number; readonly took: number }> {
  const { server } = fleet;
  const before = await server.order({ kind: "lease", duration: lease });
  await fleet.renewAll();
  const result = await fleet.storm(returns[name].comeBack);
  const after = await fleet.renewForARound();
  await server.order({ kind: "lease", duration: 40_000 });
  await fleet.renewAll();
  // Whoever was kept waiting for longer than that was silent indeed.
  const silent = result.took < silenceLimit(lease) ? after.silent - before.silent : 0;
  if (silent > 0) throw new Error(`${silent} living machines were taken for dead`);
  return result;
}
