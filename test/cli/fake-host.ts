import type { Account, FileInfo, Host, Log } from "../../src/platform/host.ts";
import { FakeRegistry } from "../fakes/registry.ts";
import { silentLog } from "../fakes/silent-log.ts";

/** What a fake machine holds; everything else rejects when it is touched. */
export interface FakeMachine {
  readonly environment?: Readonly<Record<string, string>>;
  readonly texts?: Readonly<Record<string, string>>;
  readonly found?: Readonly<Record<string, Partial<FileInfo>>>;
  readonly account?: Partial<Account>;
  readonly log?: Log;
  /** Makes it a Windows machine. */
  readonly registry?: FakeRegistry;
}

/** A machine, of Linux unless it has a registry, that is read only and has just these files. */
export function createFakeHost({ environment = {}, texts = {}, found = {}, account = {}, log = silentLog, registry }: FakeMachine = {}): Host {
  const files: Partial<Host["files"]> = {
    readText: (path) => Promise.resolve(texts[path]),
    stat: (path) => Promise.resolve(statOf(found[path] ?? (texts[path] === undefined ? undefined : {}))),
  };
  const host: Partial<Host> = {
    os: registry === undefined ? "linux" : "win32",
    environment,
    hostname: "fake",
    log,
    files: refuseRest(files, "files"),
    registry: registry ?? new FakeRegistry(),
    account: () => Promise.resolve({ name: "root", uid: 0, mayRedirect: true, ...account }),
  };
  return refuseRest(host, "host");
}

function statOf(info: Partial<FileInfo> | undefined): FileInfo | undefined {
  return info === undefined ? undefined : { kind: "file", size: 1, executable: false, mode: 0o644, owner: 0, ...info };
}

/** The part that is given; touching anything else of the whole is a fault of the test. */
function refuseRest<T extends object>(part: Partial<T>, name: string): T {
  return new Proxy(part, {
    get(target, key, receiver) {
      if (!(key in target) && typeof key === "string" && key !== "then") throw new Error(`the fake ${name} has no ${key}`);
      return Reflect.get(target, key, receiver);
    },
  }) as T;
}
