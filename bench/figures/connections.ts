import { setTimeout as sleep } from "node:timers/promises";
import { nftRedirector } from "../../src/platform/linux/redirector.ts";
import { addresses, inside, Lab, missing, plan, toolsIn, users, type Agent } from "../../test/platform/linux/redirect/lab.ts";
import type { Figure } from "../figure.ts";

const labs = 3;
const rounds = [0, 1, 2];
/**
 * Milliseconds of one storm. Each has a port of its own, and a lab has few: above ten thousand connections to one port, the
 * search for a free port on our side would be what is measured.
 */
const storm = 200;
const port = (round: number, which: 0 | 1): number => 8000 + 2 * round + which;
const warmPort = 8100;

type Name = "nearPlain" | "nearCaptured" | "farPlain" | "farExempt";

/** What a new connection costs with the redirect in force, against none. */
export const connectionFigure: Figure = {
  id: "connections",
  obstacle: missing,
  async measure({ signal }) {
    const all: Record<Name, number>[] = [];
    for (let lab = 0; lab < labs; lab += 1) all.push(...await measureInLab(lab, signal));
    const values = (name: Name): number[] => all.map((one) => one[name]);
    return [
      {
        id: "captured", unit: "µs", measured: { title: "new connection that the redirect takes to the proxy's port", values: values("nearCaptured") },
        baseline: { title: "the same connection made to such a port directly, no redirect", values: values("nearPlain") },
      },
      {
        id: "exempt", unit: "µs", measured: { title: "new connection to an ignored network, over a cable", values: values("farExempt") },
        baseline: { title: "the same, no redirect", values: values("farPlain") },
      },
    ];
  },
};

// A network of its own for each lab: no connection of the one before is in the kernel's tables.
async function measureInLab(number: number, signal: AbortSignal): Promise<readonly Record<Name, number>[]> {
  await using lab = new Lab(`b${number}`);
  const [application, proxy, peer] = await Promise.all([lab.agent(lab.machine, users.application), lab.agent(lab.machine, users.mesh), lab.agent(lab.peer, 0)]);
  await proxy.listen("0.0.0.0", plan.outboundPort, warmPort, ...rounds.map((round) => port(round, 0)));
  await peer.listen(addresses.peer.ignored, warmPort, ...rounds.flatMap((round) => [port(round, 0), port(round, 1)]));
  // Before the first storms nothing is compiled.
  for (const host of ["127.0.0.1", addresses.peer.ignored, "127.0.0.1"]) await blow(application, host, warmPort);
  const all: Record<Name, number>[] = [];
  for (const round of rounds) {
    const nearPlain = await blow(application, "127.0.0.1", port(round, 0));
    const farPlain = await blow(application, addresses.peer.ignored, port(round, 0));
    await using _redirect = await nftRedirector(toolsIn(inside(lab.machine))).enable(plan, signal);
    const nearCaptured = await blow(application, addresses.peer.v4, port(round, 0));
    const farExempt = await blow(application, addresses.peer.ignored, port(round, 1));
    all.push({ nearPlain, nearCaptured, farPlain, farExempt });
  }
  return all;
}

/** Microseconds for one connection, while four are under way at a time. */
async function blow(agent: Agent, host: string, to: number): Promise<number> {
  const calm = await agent.storm(host, to);
  const start = performance.now();
  await sleep(storm);
  const met = await calm();
  const took = performance.now() - start;
  const answers = Object.keys(met);
  if (answers.length !== 1 || !answers[0]?.startsWith("at ")) throw new Error(`connections to ${host} met ${JSON.stringify(met)}`);
  return (took * 1000) / (met[answers[0]] ?? 0);
}
