import type { Child, Exit, Host } from "../platform/host.ts";
import { requestShutdown, type ProxyAdmin } from "./proxy-admin.ts";
import { parseProxyLine } from "./proxy-log.ts";

/** A running proxy. */
export interface ProxyProcess extends AsyncDisposable {
  readonly pid: number;
  readonly exited: Promise<Exit>;
  /** What it said last, oldest first; for the report when it fails. */
  lastLines(): readonly string[];
  /** Lets it finish its connections and ends it within `budget` milliseconds, by whatever it takes. */
  stop(budget: number): Promise<void>;
}

/** What starting a proxy needs. */
export interface ProxyStart {
  readonly host: Host;
  readonly path: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly admin: ProxyAdmin;
  /** Kept for asking before killing, out of the budget of a stop; milliseconds. */
  readonly lastWords: number;
}

const keptLines = 20;

/** Starts linkerd2-proxy; its log goes into ours. */
export async function startProxyProcess(start: ProxyStart): Promise<ProxyProcess> {
  const { host, path, environment } = start;
  const log = host.log.child({ source: "proxy" });
  const lines: string[] = [];
  const child = await host.processes.spawn({
    ...commandOf(host, path), environment, dropRights: true,
    onLine: (_stream, line) => {
      const { level, message } = parseProxyLine(line);
      if (message === "") return;
      lines.push(message);
      if (lines.length > keptLines) lines.shift();
      log.write(level, message);
    },
  });
  return {
    pid: child.pid,
    exited: child.exited,
    lastLines: () => [...lines],
    stop: (budget) => stopChild(start, child, budget),
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

/** A proxy takes no words. This program itself, where PROXY_PATH names it, stands in as its own small proxy. */
function commandOf({ processes }: Host, path: string): { readonly file: string; readonly args: readonly string[] } {
  const self = processes.self(["simulate", "proxy"]);
  return path === self.file ? self : { file: path, args: [] };
}

/** The admin port first, since it is the one way that works on every system; then the signals. */
async function stopChild({ admin, host, lastWords }: ProxyStart, child: Child, budget: number): Promise<void> {
  const over = new AbortController();
  const exited = child.exited.then(() => over.abort());
  const deadline = host.clock.monotonic() + budget;
  if (!(await requestShutdown({ ...admin, answer: Math.min(admin.answer, Math.ceil(budget / 2)) }, over.signal))) child.signal("terminate");
  await sleepUntil(host, deadline - lastWords, over.signal);
  if (!over.signal.aborted) child.signal("terminate");
  await sleepUntil(host, deadline, over.signal);
  if (!over.signal.aborted) {
    host.log.write("warn", "the proxy did not end within its time and is killed", { pid: child.pid, budget });
    child.signal("kill");
  }
  await exited;
}

async function sleepUntil({ clock }: Host, deadline: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await clock.sleep(Math.max(0, deadline - clock.monotonic()), signal).catch(() => undefined);
}
