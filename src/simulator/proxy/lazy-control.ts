import type { Endpoint } from "../../linkerd/addresses.ts";
import type { ControlClient, ControlOptions, PortAnswer, Route } from "./control-client.ts";
import type { TlsMaterial } from "./material.ts";

/** The control plane under one certificate; gRPC, the better part of what a start would load, is loaded when it is asked. */
export class LazyControl implements Disposable {
  readonly #options: ControlOptions;
  readonly #material: TlsMaterial;
  #client: Promise<ControlClient> | undefined;

  constructor(options: ControlOptions, material: TlsMaterial) {
    this.#options = options;
    this.#material = material;
  }

  /** The policy of a port of this workload. */
  async readPortPolicy(port: number): Promise<PortAnswer> {
    return (await this.load()).readPortPolicy(port);
  }

  /** Where a connection to that address goes. */
  async readRoute(to: Endpoint): Promise<Route> {
    return (await this.load()).readRoute(to);
  }

  /** Loads the client, so that the first question finds it ready. */
  load(): Promise<ControlClient> {
    this.#client ??= import("./control-client.ts").then((module) => new module.ControlClient(this.#options, this.#material));
    return this.#client;
  }

  /** Closes the channels once the questions under way are answered; those that wait for loading come first. */
  [Symbol.dispose](): void {
    void this.#client?.then((client) => client[Symbol.dispose]());
  }
}
