import type { Account, FileInfo, Files, Host, LocalAddress, PipeProblem, Processes, SystemEvent } from "../../src/platform/host.ts";
import { whenAborted } from "../../src/base/abort.ts";
import { MeshError } from "../../src/model/errors.ts";
import { renderLogRecord } from "../../src/model/log-record.ts";
import { JumpingClock } from "./jumping-clock.ts";
import { FakeRedirector } from "./redirector.ts";
import { RememberingLog } from "./remembering-log.ts";
import { FakeRegistry } from "./registry.ts";
import { FakeServices } from "./services.ts";

/** A machine in memory: whatever it shall be can be set, whatever was done to it can be read. */
export class FakeHost implements Host {
  os: Host["os"] = "linux";
  readonly hostname = "host-1";
  readonly environment: Readonly<Record<string, string>> = { PATH: "/usr/bin" };
  readonly clock = new JumpingClock(new Date("2026-01-01T00:00:00Z"));
  readonly log = new RememberingLog();
  readonly redirector = new FakeRedirector();
  readonly services = new FakeServices();
  readonly texts = new Map<string, string>();
  readonly executables = new Set<string>();
  readonly locked = new Set<string>();
  /** Taken ports, with the process that listens there. */
  readonly listeners = new Map<number, number>();
  /** What was written into the system's log of events. */
  readonly events: SystemEvent[] = [];
  diskFull = false;
  machine = "machine-1";
  pipeProblem: PipeProblem | undefined;
  registry = new FakeRegistry();
  who: Account = { name: "linkerd-mesh", uid: 988, mayRedirect: true };
  addresses: readonly LocalAddress[] = [
    { address: "127.0.0.1", family: 4, interface: "lo", loopback: true }, { address: "::1", family: 6, interface: "lo", loopback: true },
  ];

  readonly sockets = {
    addresses: () => this.addresses,
    portFree: (_address: string, port: number) => Promise.resolve(!this.listeners.has(port)),
    listener: (port: number) => {
      const pid = this.listeners.get(port);
      return Promise.resolve(pid === undefined ? undefined : { pid });
    },
    probePipe: () => Promise.resolve(this.pipeProblem),
    originalDestination: () => undefined,
  };

  readonly files: { -readonly [Key in keyof Files]: Files[Key] } = {
    readText: (path) => Promise.resolve(this.texts.get(path)),
    readBytes: (path) => Promise.resolve(this.texts.has(path) ? Buffer.from(this.texts.get(path) ?? "") : undefined),
    readPart: (path, from, most) => Promise.resolve(this.texts.has(path) ? Buffer.from(this.texts.get(path) ?? "").subarray(from, from + most) : undefined),
    openLogFile: ({ folder, form }) => ({
      write: (record) => this.#write(`${folder}/harness.log`, `${this.texts.get(`${folder}/harness.log`) ?? ""}${renderLogRecord(record, form)}\n`),
      [Symbol.dispose]: () => undefined,
    }),
    watchFolder: (_folder, signal) => sayOnce(signal),
    writeAtomic: async (path, text) => { this.#write(path, text); },
    append: async (path, text) => { this.#write(path, (this.texts.get(path) ?? "") + text); },
    list: (folder) => Promise.resolve([...this.texts.keys()].filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1)).toSorted()),
    makeFolder: () => Promise.resolve(),
    setMode: () => Promise.resolve(),
    remove: async (path) => { this.texts.delete(path); },
    stat: (path) => Promise.resolve(this.#stat(path)),
    lock: (path) => Promise.resolve(this.#lock(path)),
  };

  readonly processes: Processes = {
    spawn: (spec) => Promise.reject(new MeshError("PROGRAM_MISSING", { doing: `starting ${spec.file}`, what: "a fake machine starts nothing", target: spec.file })),
    run: (spec) => Promise.reject(new MeshError("PROGRAM_MISSING", { doing: `starting ${spec.file}`, what: "a fake machine starts nothing", target: spec.file })),
    self: (args) => ({ file: "linkerd-mesh", args }),
  };

  account(): Promise<Account> {
    return Promise.resolve(this.who);
  }

  becomeAccount(): Promise<void> {
    return Promise.resolve();
  }

  tellSystem(event: SystemEvent): void {
    this.events.push(event);
  }

  machineId(): Promise<string> {
    return Promise.resolve(this.machine);
  }

  random(): number {
    return 0.5;
  }

  #write(path: string, text: string): void {
    if (this.diskFull) throw new MeshError("DISK_FULL", { doing: `writing ${path}`, what: "no space left", target: path });
    this.texts.set(path, text);
  }

  #stat(path: string): FileInfo | undefined {
    const executable = this.executables.has(path);
    const text = this.texts.get(path);
    if (text === undefined && !executable) return undefined;
    return { kind: "file", size: text?.length ?? 0, executable, mode: executable ? 0o755 : 0o644, owner: 0 };
  }

  #lock(path: string): AsyncDisposable | undefined {
    if (this.locked.has(path)) return undefined;
    this.locked.add(path);
    return { [Symbol.asyncDispose]: () => Promise.resolve(void this.locked.delete(path)) };
  }
}

// A fake machine's files change only by the test's own hand, which knows when.
async function* sayOnce(signal: AbortSignal): AsyncGenerator<void, void, void> {
  yield;
  await whenAborted(signal).promise.catch(() => undefined);
}
