import { MeshError } from "../../src/model/errors.ts";
import type { ServeOptions, ServiceFacts, ServiceLife, Services, ServiceSpec } from "../../src/platform/host.ts";

/** Services in memory: what was asked is remembered, and a test says what comes of it. */
export class FakeServices implements Services {
  readonly asked: string[] = [];
  readonly installed = new Map<string, ServiceFacts>();
  spec: ServiceSpec | undefined;
  /** What the service is after a start or a stop was asked, one after the other, each time it is read. */
  readonly next: Partial<ServiceFacts>[] = [];

  read(name: string): Promise<ServiceFacts | undefined> {
    const facts = this.installed.get(name);
    const change = this.next.shift();
    if (facts !== undefined && change !== undefined) this.installed.set(name, { ...facts, ...change });
    return Promise.resolve(this.installed.get(name));
  }

  apply(spec: ServiceSpec): Promise<"made" | "corrected"> {
    this.asked.push(`apply ${spec.name}`);
    this.spec = spec;
    const before = this.installed.get(spec.name);
    this.installed.set(spec.name, before ?? { state: "stopped", pid: undefined, start: "automatic", account: spec.account, command: spec.command.file, exit: { system: 1077, own: 0 } });
    return Promise.resolve(before === undefined ? "made" : "corrected");
  }

  remove(name: string): Promise<boolean> {
    this.asked.push(`remove ${name}`);
    return Promise.resolve(this.installed.delete(name));
  }

  start(name: string): Promise<void> {
    return this.#ask("start", name);
  }

  stop(name: string): Promise<void> {
    return this.#ask("stop", name);
  }

  async serve({ name }: ServeOptions, work: (life: ServiceLife) => Promise<void>): Promise<void> {
    this.asked.push(`serve ${name}`);
    await work({ signal: new AbortController().signal, started: () => void this.asked.push(`started ${name}`) });
  }

  #ask(verb: string, name: string): Promise<void> {
    this.asked.push(`${verb} ${name}`);
    if (this.installed.has(name)) return Promise.resolve();
    return Promise.reject(new MeshError("SERVICE_ABSENT", { doing: `${verb}ing ${name}`, what: "there is no such service" }));
  }
}
