import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { createInterface } from "node:readline";
import type { Child, Exit, Files, Processes } from "../../../../src/platform/host.ts";
import type { RedirectTools } from "../../../../src/platform/linux/nft-program.ts";
import type { RedirectPlan } from "../../../../src/model/traffic.ts";

/** Users of the tests: one whose traffic is captured, one that is the mesh's own. */
export const users = { application: 61_001, mesh: 61_002 } as const;

/** Addresses of the two machines of the lab. */
export const addresses = {
  machine: { v4: "10.77.0.1", v6: "fd77::1", other: "10.77.0.101" },
  peer: { v4: "10.77.0.2", v6: "fd77::2", ignored: "10.77.9.9", linkLocal: "169.254.77.2" },
} as const;

/** Why the suites with packets cannot run here, or undefined when they can. */
export function missing(): string | undefined {
  if (process.platform !== "linux") return "needs Linux";
  if (process.getuid?.() !== 0) return "needs root to make network namespaces";
  const tools = ["ip", "nft", "setpriv"].filter((tool) => spawnSync("which", [tool]).status !== 0);
  if (tools.length > 0) return `needs ${tools.join(", ")} (packages iproute2, nftables, util-linux)`;
  const made = spawnSync("ip", ["netns", "add", "rd-probe"]).status === 0;
  if (made) spawnSync("ip", ["netns", "del", "rd-probe"]);
  return made ? undefined : "needs the right to make network namespaces (CAP_SYS_ADMIN)";
}

/** What both directions capture, with the ports of the lab. */
export const plan: RedirectPlan = {
  outboundPort: 4140, inboundPort: 4143, captureInbound: true, captureOutbound: true,
  outboundPortsToIgnore: [{ from: 8081, to: 8082 }],
  outboundNetworksToIgnore: [{ family: 4, address: "10.77.9.0", prefix: 24 }],
  inboundPortsToIgnore: [{ from: 9000, to: 9000 }],
  ownPorts: [4140, 4143, 4191, 4192].map((port) => ({ from: port, to: port })),
  outboundFamilies: [4, 6], exemptUser: users.mesh,
  addresses: { v4: addresses.machine.v4, v6: addresses.machine.v6 }, mode: "redirect",
};

/** Two namespaces joined by a cable: the machine and its peer. */
export class Lab implements AsyncDisposable {
  readonly machine: string;
  readonly peer: string;
  readonly #agents: Agent[] = [];

  constructor(name: string) {
    this.machine = `rd-${name}-m-${process.pid}`;
    this.peer = `rd-${name}-p-${process.pid}`;
    for (const space of [this.machine, this.peer]) ip("netns", "add", space);
    ip("link", "add", "rd0", "netns", this.machine, "type", "veth", "peer", "name", "rd0", "netns", this.peer);
    const { machine, peer } = addresses;
    this.#address(this.machine, [`${machine.v4}/24`, `${machine.other}/24`, "169.254.77.1/24", `${machine.v6}/64`]);
    this.#address(this.peer, [`${peer.v4}/24`, `${peer.linkLocal}/24`, `${peer.ignored}/24`, `${peer.v6}/64`]);
    ip("-n", this.machine, "route", "add", "default", "via", peer.v4);
    ip("-n", this.machine, "-6", "route", "add", "default", "via", peer.v6);
  }

  #address(space: string, all: readonly string[]): void {
    for (const address of all) ip("-n", space, "address", "add", address, "dev", "rd0", ...(address.includes(":") ? ["nodad"] : []));
    for (const device of ["lo", "rd0"]) ip("-n", space, "link", "set", device, "up");
  }

  /** Starts an agent in a namespace as a user. */
  async agent(space: string, uid: number): Promise<Agent> {
    const agent = new Agent(space, uid);
    this.#agents.push(agent);
    await agent.ready;
    return agent;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#agents.map((agent) => agent[Symbol.asyncDispose]()));
    for (const space of [this.machine, this.peer]) ip("netns", "del", space);
  }
}

/** A process in a namespace that dials and listens. */
export class Agent implements AsyncDisposable {
  readonly ready: Promise<unknown>;
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, (got: unknown) => void>();
  readonly #ended: Promise<void>;
  #count = 0;

  constructor(space: string, uid: number) {
    const script = new URL("agent.ts", import.meta.url).pathname;
    this.#child = spawn("ip", [
      "netns", "exec", space, "setpriv", "--reuid", String(uid), "--regid", String(uid), "--clear-groups", process.execPath, script,
    ], { stdio: ["pipe", "pipe", "inherit"] });
    this.#ended = new Promise((resolve) => this.#child.once("exit", () => resolve()));
    if (this.#child.stdout !== null) {
      createInterface({ input: this.#child.stdout }).on("line", (line) => {
        const answer = JSON.parse(line) as { id: number; got: unknown };
        this.#waiting.get(answer.id)?.(answer.got);
        this.#waiting.delete(answer.id);
      });
    }
    this.ready = this.#answer(0);
  }

  /** What a new connection meets: the line of whoever took it, or the error's code. */
  async dial(host: string, port: number): Promise<string> {
    return String(await this.#ask({ do: "dial", host, port }));
  }

  /** Opens a connection and keeps it; `stillHere` uses it. */
  async hold(host: string, port: number): Promise<{ readonly met: string; readonly stillHere: () => Promise<string> }> {
    const met = String(await this.#ask({ do: "hold", host, port }));
    const held = this.#count;
    return { met, stillHere: async () => String(await this.#ask({ do: "echo", host, port: held })) };
  }

  async listen(host: string, ...ports: number[]): Promise<void> {
    for (const port of ports) {
      const got = await this.#ask({ do: "listen", host, port });
      if (got !== "listening") throw new Error(`${host} ${port}: ${String(got)}`);
    }
  }

  /** Dials without a pause until the returned function is called, which tells what was met and how often. */
  async storm(host: string, port: number): Promise<() => Promise<Record<string, number>>> {
    await this.#ask({ do: "storm", host, port });
    return async () => await this.#ask({ do: "calm", host, port }) as Record<string, number>;
  }

  #ask(order: { readonly do: string; readonly host: string; readonly port: number }): Promise<unknown> {
    this.#count += 1;
    const answer = this.#answer(this.#count);
    this.#child.stdin?.write(`${JSON.stringify({ id: this.#count, ...order })}\n`);
    return answer;
  }

  #answer(id: number): Promise<unknown> {
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended;
  }
}

/** The redirector's tools, with every program run inside the namespace. */
export function toolsIn(wrap: readonly string[]): RedirectTools {
  return {
    processes: wrappedProcesses(wrap),
    files,
    account: () => Promise.resolve({ name: "root", uid: 0, mayRedirect: true }),
  };
}

/** The words that put a program into a namespace. */
export function inside(space: string): readonly string[] {
  return ["ip", "netns", "exec", space];
}

/** Runs a program to its end and returns what it printed; throws when it fails. */
export function ip(...args: string[]): string {
  return execFileSync("ip", args, { encoding: "utf8" });
}

/** Runs nft in a namespace. */
export function nft(space: string, ...args: string[]): { readonly code: number | null; readonly stdout: string; readonly stderr: string } {
  const { status, stdout, stderr } = spawnSync("ip", ["netns", "exec", space, "nft", ...args], { encoding: "utf8" });
  return { code: status, stdout, stderr };
}

function unused(): never {
  throw new Error("unused");
}

const files: Files = {
  stat: (path) => {
    try {
      accessSync(path, constants.X_OK);
      return Promise.resolve({ kind: "file", size: 1, executable: true, mode: 0o755, owner: 0 });
    } catch {
      return Promise.resolve(undefined);
    }
  },
  readText: unused, readBytes: unused, readPart: unused, watchFolder: unused, openLogFile: unused, writeAtomic: unused, append: unused, list: unused, makeFolder: unused, remove: unused, setMode: unused, lock: unused,
};

// Who holds the other end of descriptor 3 sees it close when this process and its children are gone.
const witness: readonly "inherit"[] = process.env["RD_WITNESS"] === undefined ? [] : ["inherit"];

function wrappedProcesses(wrap: readonly string[]): Processes {
  return {
    spawn: (spec) => {
      const [file = "", ...args] = [...wrap, spec.file, ...spec.args];
      const child: ChildProcess = spawn(file, args, { env: { PATH: process.env["PATH"], ...spec.environment }, stdio: ["pipe", "pipe", "pipe", ...witness] });
      for (const stream of ["stdout", "stderr"] as const) {
        const input = child[stream];
        if (input !== null) createInterface({ input }).on("line", (line) => spec.onLine?.(stream, line));
      }
      return Promise.resolve(childOf(child));
    },
    run: async (spec, signal) => {
      const [file = "", ...args] = [...wrap, spec.file, ...spec.args];
      const child = spawn(file, args, { env: { PATH: process.env["PATH"], ...spec.environment }, signal });
      let stdout = "";
      let stderr = "";
      child.stdout.on("data", (data: Buffer) => { stdout += data.toString(); });
      child.stderr.on("data", (data: Buffer) => { stderr += data.toString(); });
      child.stdin.on("error", () => undefined).end(spec.input ?? "");
      const code = await new Promise<number | null>((resolve, reject) => child.once("close", resolve).once("error", reject));
      return { code: code ?? undefined, signal: undefined, stdout, stderr };
    },
    self: unused,
  };
}

function childOf(child: ChildProcess): Child {
  const exited = new Promise<Exit>((resolve) => child.once("exit", (code, signal) => resolve({ code: code ?? undefined, signal: signal ?? undefined })));
  child.stdin?.on("error", () => undefined);
  return {
    pid: child.pid ?? 0,
    exited,
    write: (text) => new Promise((resolve, reject) => child.stdin?.write(text, (error) => (error ? reject(error) : resolve()))),
    closeInput: () => child.stdin?.end(),
    signal: (how) => child.kill(how === "kill" ? "SIGKILL" : "SIGTERM"),
    [Symbol.asyncDispose]: async () => { child.kill("SIGKILL"); await exited; },
  };
}
