import { Machine, type MachineIdentity } from "./wire-machine.ts";
import type { ServerProcess } from "./registration-process.ts";
import type { Usage } from "./registration-orders.ts";

// As many calls and handshakes are under way at a time as keep one server's core busy and the client's too.
const callsAtOnce = 64;
const handshakesAtOnce = 32;
const mostAttempts = 8;
/** Of a machine, milliseconds. */
const renewInterval = 10_000;

/** One machine's call in a load: when it began and how long it took, milliseconds. */
export interface Latency {
  readonly kind: "register" | "renew";
  readonly took: number;
}

/** All machines of one server. */
export class MachineFleet {
  readonly server: ServerProcess;
  readonly #machines: Machine[] = [];

  constructor(server: ServerProcess) {
    this.server = server;
  }

  get size(): number {
    return this.#machines.length;
  }

  /** More machines connect and join, until there are as many as identities. */
  async grow(identities: readonly MachineIdentity[]): Promise<void> {
    const more = identities.slice(this.size).map((identity) => new Machine(identity, this.server.port));
    await this.#each(more, handshakesAtOnce, async (machine) => {
      await machine.connect();
      await machine.register();
      await machine.renew();
    });
    this.#machines.push(...more);
  }

  /** Ten seconds of the fleet's life: each machine renews once, and time passes. Resolves to the server's CPU, milliseconds. */
  async renewOnce(): Promise<number> {
    const { server } = this;
    const before = await server.order({ kind: "usage", collect: false });
    const half = this.#machines.length / 2;
    for (const part of [this.#machines.slice(0, half), this.#machines.slice(half)]) {
      await server.order({ kind: "pass", time: renewInterval / 2 });
      await this.#each(part, callsAtOnce, (machine) => machine.renew());
    }
    const after = await server.order({ kind: "usage", collect: false });
    return after.cpu - before.cpu;
  }

  /** Calls at a steady rate, whether the ones before are answered or not; every tenth is a machine that was started again. */
  async load({ perSecond, seconds }: { readonly perSecond: number; readonly seconds: number }): Promise<readonly Latency[]> {
    const calls: Promise<Latency>[] = [];
    const start = performance.now();
    while (calls.length < perSecond * seconds) {
      const due = Math.min(perSecond * seconds, ((performance.now() - start) / 1000) * perSecond);
      while (calls.length < due) calls.push(this.#timedCall(calls.length));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return Promise.all(calls);
  }

  /** All connections are cut at once, and all machines come back at once. Resolves to the server's CPU, milliseconds. */
  async storm(comeBack: (machine: Machine) => Promise<void>): Promise<{ readonly cpu: number; readonly took: number }> {
    const before = await this.server.order({ kind: "usage", collect: false });
    const start = performance.now();
    for (const machine of this.#machines) machine.cut();
    await this.#each(this.#machines, this.size, (machine) => keepTrying(async () => {
      await machine.connect();
      await comeBack(machine);
    }));
    const took = performance.now() - start;
    const after = await this.server.order({ kind: "usage", collect: false });
    return { cpu: after.cpu - before.cpu, took };
  }

  /** Each machine renews once; no time passes but that of the calls. */
  renewAll(): Promise<void> {
    return this.#each(this.#machines, callsAtOnce, (machine) => machine.renew());
  }

  /** Renews until the server has looked at its whole fleet once more. */
  async renewForARound(): Promise<Usage> {
    const { rounds } = await this.server.order({ kind: "usage", collect: false });
    for (;;) {
      await this.renewAll();
      const usage = await this.server.order({ kind: "usage", collect: false });
      if (usage.rounds > rounds) return usage;
    }
  }

  cut(): void {
    for (const machine of this.#machines) machine.cut();
  }

  async #timedCall(index: number): Promise<Latency> {
    const machine = this.#machines[index % this.size];
    const kind = index % 10 === 9 ? "register" : "renew";
    const start = performance.now();
    await (kind === "register" ? machine?.register(true) : machine?.renew());
    return { kind, took: performance.now() - start };
  }

  async #each(machines: readonly Machine[], atOnce: number, work: (machine: Machine) => Promise<void>): Promise<void> {
    const left = machines.values();
    const worker = async (): Promise<void> => {
      for (const machine of left) await work(machine);
    };
    await Promise.all(Array.from({ length: Math.min(atOnce, machines.length) }, worker));
  }
}

// As machines do: one that waited too long for its handshake is cut off, and comes again.
async function keepTrying(work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await work();
      return;
    } catch (error) {
      if (attempt === mostAttempts) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 1000 * attempt));
  }
}
