import { z } from "zod";
import { MeshError } from "../../model/errors.ts";
import type { Child, Exit, Host } from "../../platform/host.ts";
import { layout, type Network, type Place, type PlaceSpec } from "./network.ts";
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

/** Address and port of the simulated Service. */
export const serviceAddress = "10.90.1.1";

/** Port of the machine's application. */
export const applicationPort = 8080;

/** A program of the lab that runs until it is ended. */
export interface Running {
  readonly child: Child;
  readonly exited: Promise<Exit>;
  /** Everything that it said, newest last. */
  readonly lines: readonly string[];
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

  /** The simulated mesh, beside the machine. */
  async startMesh(stack: AsyncDisposableStack, signal: AbortSignal): Promise<Running> {
    const { mesh, machine } = this.#options.network;
    return this.#start(stack, { place: mesh, ready: /^\{/, words: [
      "simulate", "--dir", `${this.folder}/mesh`, "--listen", mesh.address, "--machine-address", machine.address,
      "--service-address", serviceAddress, "--application-port", String(applicationPort), "--output", "json",
    ] }, signal);
  }

  /** An application on the machine. */
  async startApplication(stack: AsyncDisposableStack, signal: AbortSignal): Promise<Running> {
    const listen = `${layout.machine}:${applicationPort}`;
    return this.#start(stack, { place: this.#options.network.machine, ready: /^\{/, words: ["simulate", "app", "--listen", listen, "--output", "json"] }, signal);
  }

  /** The harness; `waitForStatus` tells how it gets on. */
  async startHarness(stack: AsyncDisposableStack, signal: AbortSignal): Promise<Running> {
    const { folder, proxyPath, network } = this.#options;
    return this.#start(stack, { place: network.machine, ready: /./, words: [
      "run", "--config", `${folder}/mesh/config.yaml`, "--proxy-path", proxyPath, "--proxy-user", String(meshUser), "--state-dir", `${folder}/state`,
    ] }, signal);
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

  async #start(stack: AsyncDisposableStack, start: { readonly place: Place; readonly words: readonly string[]; readonly ready: RegExp }, signal: AbortSignal): Promise<Running> {
    const lines: string[] = [];
    const ready = Promise.withResolvers<void>();
    const spec: PlaceSpec = {
      ...this.#options.program.command(start.words),
      onLine: (_stream, line) => {
        lines.push(line);
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

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
