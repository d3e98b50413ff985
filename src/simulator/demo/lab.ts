import { z } from "zod";
import { parseJson } from "../../base/parse-json.ts";
import { MeshError } from "../../model/errors.ts";
import type { Child, Exit, Host } from "../../platform/host.ts";
import type { Network, Place, PlaceSpec } from "./network.ts";
import type { OwnProgram } from "./programs.ts";

/** What the demo's programs need to know of each other. */
export interface LabOptions {
  readonly host: Host;
  readonly network: Network;
  readonly program: OwnProgram;
  /** Folder for everything that the demo makes. */
  readonly folder: string;
  /** linkerd2-proxy, or the script that stands in for it. */
  readonly proxyPath: string;
}

/** Account of harness and proxy in the demo: a number that no account of the system has. */
export const meshUser = 64_990;

/** Address of the simulated echo service. */
export const serviceAddress = "10.90.1.1";

/** Address of the Service whose endpoints are the ready machines. */
export const machinesAddress = "10.90.1.2";

/** Port of a machine's application. */
export const applicationPort = 8080;

/** The machines that may join: their places, and the endings of their files. */
export const machines = { machine: { number: 1, suffix: "" }, second: { number: 2, suffix: "-2" } } as const;

/** A machine of the lab. */
export type MachineName = keyof typeof machines;

/** A program of the lab that runs until it is ended. */
export interface Running {
  readonly child: Child;
  readonly exited: Promise<Exit>;
  /** Everything that it said, newest last. */
  readonly lines: readonly string[];
}

interface Start {
  readonly place: Place;
  readonly words: readonly string[];
  /** A line that says that it has started. */
  readonly ready: RegExp;
  readonly onLine?: ((line: string) => void) | undefined;
}

/** The programs of the demo, in their places. */
export class Lab {
  readonly #options: LabOptions;

  constructor(options: LabOptions) {
    this.#options = options;
  }

  get folder(): string {
    return this.#options.folder;
  }

  /** The simulated mesh, beside the machines; `own` brings a registration service along, and both machines may join by it. */
  async startMesh(stack: AsyncDisposableStack, signal: AbortSignal, registration: "static" | "own" = "static"): Promise<Running> {
    const { mesh, machine, second } = this.#options.network;
    const joining = registration === "own" ? [machine, second] : [machine];
    return this.#start(stack, { place: mesh, ready: /^\{/, words: [
      "simulate", "--dir", this.meshFolder, "--listen", mesh.address, ...joining.flatMap(({ address }) => ["--machine-address", address]),
      "--service-address", serviceAddress, "--machines-service", machinesAddress, "--application-port", String(applicationPort),
      "--registration", registration, "--output", "json",
    ] }, signal);
  }

  /** An application on a machine, at every address of it: the mesh calls one, the probe another. */
  async startApplication(stack: AsyncDisposableStack, signal: AbortSignal, at: MachineName = "machine"): Promise<Running> {
    return this.#start(stack, { place: this.#options.network[at], ready: /^\{/, words: ["simulate", "app", "--listen", `0.0.0.0:${applicationPort}`, "--output", "json"] }, signal);
  }

  /** The harness of a machine; `waitForStatus` tells how it gets on. */
  async startHarness(stack: AsyncDisposableStack, signal: AbortSignal, at: MachineName = "machine"): Promise<Running> {
    return this.#start(stack, { place: this.#options.network[at], ready: /./, words: ["run", ...this.machineWords(at)] }, signal);
  }

  /** Follows the registration service's workloads, a line each. */
  async startWatch(stack: AsyncDisposableStack, signal: AbortSignal, onLine: (line: string) => void): Promise<Running> {
    return this.#start(stack, { place: this.#options.network.mesh, ready: /"synced"/, onLine, words: ["workload", "watch", "--output", "json"] }, signal);
  }

  /** The settings of a machine, as every command takes them there. */
  machineWords(at: MachineName): readonly string[] {
    const { suffix } = machines[at];
    return ["--config", `${this.meshFolder}/config${suffix}.yaml`, "--proxy-path", this.#options.proxyPath, "--proxy-user", String(meshUser), "--state-dir", `${this.folder}/state${suffix}`];
  }

  /** Folder of the simulated mesh. */
  get meshFolder(): string {
    return `${this.folder}/mesh`;
  }

  /** Runs one of our own commands with JSON output to its end. */
  async ask<T>(place: Place, words: readonly string[], question: { readonly schema: z.ZodType<T>; readonly signal: AbortSignal }): Promise<T> {
    const { stdout, stderr } = await place.run(this.#options.program.command([...words, "--output", "json"]), question.signal);
    const answer = question.schema.safeParse(parseJson(stdout));
    if (answer.success) return answer.data;
    throw new MeshError("DEMO_FAILED", { doing: `asking ${words.slice(0, 2).join(" ")}`, what: stderr.trim().split("\n")[0] ?? "it said nothing" });
  }

  get network(): Network {
    return this.#options.network;
  }

  get clock(): Host["clock"] {
    return this.#options.host.clock;
  }

  async #start(stack: AsyncDisposableStack, start: Start, signal: AbortSignal): Promise<Running> {
    const lines: string[] = [];
    const ready = Promise.withResolvers<void>();
    const spec: PlaceSpec = {
      ...this.#options.program.command(start.words),
      onLine: (_stream, line) => {
        lines.push(line);
        start.onLine?.(line);
        if (start.ready.test(line)) ready.resolve();
      },
    };
    const child = stack.use(await start.place.spawn(spec));
    void child.exited.then(() => ready.reject(new MeshError("DEMO_FAILED", { doing: `starting ${start.words[0] ?? ""}`, what: lines.slice(-3).join(" | ") || "it ended at once" })));
    signal.addEventListener("abort", () => ready.reject(signal.reason), { once: true });
    await ready.promise;
    return { child, exited: child.exited, lines };
  }
}
