import type { Child, ChildSpec, Finished, Host } from "../../platform/host.ts";
import { MeshError } from "../../model/errors.ts";

/** A host of the small network: programs started here see only its addresses. */
export interface Place {
  readonly name: string;
  readonly address: string;
  /** A program of the machine, started in this place. */
  spawn(spec: ChildSpec): Promise<Child>;
  run(spec: Omit<ChildSpec, "onLine" | "stdin">, signal: AbortSignal): Promise<Finished>;
}

/** Two hosts joined by a cable; disposing it takes both away with everything in them. */
export interface Network extends AsyncDisposable {
  readonly mesh: Place;
  readonly machine: Place;
}

/** What the network looks like; one subnet for the hosts, one for the addresses of the cluster's Services. */
export const layout = {
  prefix: 24,
  mesh: "10.90.0.1",
  machine: "10.90.0.2",
  services: "10.90.1.0/24",
} as const;

/**
 * Makes two network namespaces with a veth pair between them. They have no name in the file system: each is held by a
 * process of ours alone, so that even a kill leaves nothing behind.
 */
export async function openNetwork(host: Host, signal: AbortSignal): Promise<Network> {
  await using stack = new AsyncDisposableStack();
  const mesh = stack.use(await holdNamespace(host, signal));
  const machine = stack.use(await holdNamespace(host, signal));
  for (const command of planCables(mesh.pid, machine.pid)) await runIp(host, command, signal);
  const kept = stack.move();
  return {
    mesh: place(host, { name: "mesh", address: layout.mesh, pid: mesh.pid }),
    machine: place(host, { name: "machine", address: layout.machine, pid: machine.pid }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** A command of the network's set-up and the namespace in which it runs. */
interface IpCommand {
  readonly inside: number;
  readonly args: readonly string[];
}

/** The commands that join two namespaces; pure, in their order. */
export function planCables(mesh: number, machine: number): readonly IpCommand[] {
  const side = (pid: number, device: string, address: string): readonly IpCommand[] => [
    { inside: pid, args: ["address", "add", `${address}/${layout.prefix}`, "dev", device] },
    { inside: pid, args: ["link", "set", device, "up"] },
    { inside: pid, args: ["link", "set", "lo", "up"] },
  ];
  return [
    { inside: mesh, args: ["link", "add", "mesh0", "type", "veth", "peer", "name", "machine0", "netns", String(machine)] },
    ...side(mesh, "mesh0", layout.mesh),
    ...side(machine, "machine0", layout.machine),
    { inside: machine, args: ["route", "add", layout.services, "via", layout.mesh] },
  ];
}

async function holdNamespace(host: Host, signal: AbortSignal): Promise<Child> {
  const ready = Promise.withResolvers<void>();
  const child = await host.processes.spawn({
    file: "unshare",
    // The line tells that the namespace exists: entering it earlier would enter our own.
    args: ["--net", "--", "sh", "-c", "echo ready; exec cat"],
    environment: host.environment,
    stdin: true,
    onLine: (stream, line) => (stream === "stdout" ? ready.resolve() : ready.reject(failed("unshare --net", line))),
  });
  const ended = child.exited.then(() => ready.reject(failed("unshare --net", "it ended at once")));
  const onAbort = (): void => ready.reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    await ready.promise;
    return child;
  } catch (error) {
    await child[Symbol.asyncDispose]();
    await ended;
    throw error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

async function runIp(host: Host, command: IpCommand, signal: AbortSignal): Promise<void> {
  const { file, args } = inNamespace(command.inside, { file: "ip", args: command.args });
  const { code, stderr } = await host.processes.run({ file, args, environment: host.environment }, signal);
  if (code !== 0) throw failed(`ip ${command.args.join(" ")}`, stderr.trim());
}

function place(host: Host, { name, address, pid }: { name: string; address: string; pid: number }): Place {
  return {
    name,
    address,
    spawn: (spec) => host.processes.spawn({ ...spec, ...inNamespace(pid, spec) }),
    run: (spec, signal) => host.processes.run({ ...spec, ...inNamespace(pid, spec) }, signal),
  };
}

function inNamespace(pid: number, { file, args }: { file: string; args: readonly string[] }): { file: string; args: readonly string[] } {
  return { file: "nsenter", args: [`--net=/proc/${pid}/ns/net`, "--", file, ...args] };
}

function failed(command: string, what: string): MeshError {
  return new MeshError("DEMO_NETWORK", { doing: `making the demo's network (${command})`, what });
}
