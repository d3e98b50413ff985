import { MeshError } from "../../model/errors.ts";
import type { Child, ChildSpec, Finished, Host } from "../../platform/host.ts";
import { userNamespace } from "./stage.ts";

/** A host of the small network: programs started here see only its addresses. */
export interface Place {
  readonly name: string;
  readonly address: string;
  spawn(spec: PlaceSpec): Promise<Child>;
  run(spec: PlaceSpec, signal: AbortSignal): Promise<Finished>;
}

/** A program to start in a place; with the environment of this process. */
export type PlaceSpec = Pick<ChildSpec, "file" | "args" | "onLine">;

/** Two hosts joined by a cable; disposing it takes both away with everything in them. */
export interface Network extends AsyncDisposable {
  readonly mesh: Place;
  readonly machine: Place;
}

/** What the network looks like: a subnet for the hosts, and one for the addresses of the cluster's Services. */
export const layout = { prefix: 24, mesh: "10.90.0.1", machine: "10.90.0.2", services: "10.90.1.0/24" } as const;

/** How the network is made. */
export interface NetworkOptions {
  /** Without root the namespaces stand inside a user namespace. */
  readonly inUserNamespace: boolean;
  /** A folder that accounts of the machine could not reach at its own place (as under /root), and where they find it. */
  readonly bind: { readonly from: string; readonly to: string };
}

/**
 * Makes two network namespaces with a veth pair between them. They have no name in the file system: each is held by a
 * process of ours alone, so that even a kill leaves nothing behind.
 */
export async function openNetwork(host: Host, options: NetworkOptions, signal: AbortSignal): Promise<Network> {
  await using stack = new AsyncDisposableStack();
  const user = options.inUserNamespace ? userNamespace : [];
  const mesh = stack.use(await holdNamespace(host, { command: ["unshare", ...user, "--net", "--mount"], bind: options.bind }, signal));
  const inside = enterCommand(mesh.pid, { user: options.inUserNamespace, net: false });
  const machine = stack.use(await holdNamespace(host, { command: [...inside, "unshare", "--net", "--mount"], bind: options.bind }, signal));
  const places = [mesh, machine].map(({ pid }) => enterCommand(pid, { user: options.inUserNamespace, net: true }));
  const [enterMesh = [], enterMachine = []] = places;
  for (const { at, args } of planCables(machine.pid)) {
    await runIp(host, [...(at === "mesh" ? enterMesh : enterMachine), "ip", ...args], signal);
  }
  const kept = stack.move();
  return {
    mesh: place(host, { name: "mesh", address: layout.mesh, enter: enterMesh }),
    machine: place(host, { name: "machine", address: layout.machine, enter: enterMachine }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** A command of the network's set-up. */
interface IpCommand {
  readonly at: "mesh" | "machine";
  readonly args: readonly string[];
}

/** The commands that join the two namespaces, in their order. */
export function planCables(machinePid: number): readonly IpCommand[] {
  const side = (at: IpCommand["at"], device: string, address: string): readonly IpCommand[] => [
    { at, args: ["address", "add", `${address}/${layout.prefix}`, "dev", device] },
    { at, args: ["link", "set", device, "up"] },
    { at, args: ["link", "set", "lo", "up"] },
  ];
  return [
    { at: "mesh", args: ["link", "add", "mesh0", "type", "veth", "peer", "name", "machine0", "netns", String(machinePid)] },
    ...side("mesh", "mesh0", layout.mesh),
    ...side("machine", "machine0", layout.machine),
    { at: "machine", args: ["route", "add", layout.services, "via", layout.mesh] },
  ];
}

/** The words that go before a command so that it runs in the namespaces of a process. */
function enterCommand(pid: number, { user, net }: { user: boolean; net: boolean }): readonly string[] {
  if (!user && !net) return [];
  const namespaces = [...(user ? [`--user=/proc/${pid}/ns/user`] : []), ...(net ? [`--net=/proc/${pid}/ns/net`, `--mount=/proc/${pid}/ns/mnt`] : [])];
  return ["nsenter", ...namespaces, "--"];
}

async function holdNamespace(host: Host, { command, bind }: { command: readonly string[]; bind: NetworkOptions["bind"] }, signal: AbortSignal): Promise<Child> {
  const ready = Promise.withResolvers<void>();
  const [file = "", ...args] = command;
  await using stack = new AsyncDisposableStack();
  const child = stack.use(await host.processes.spawn({
    file,
    // The line tells that the namespace exists: entering it earlier would enter our own.
    args: [...args, "--", "sh", "-c", 'mount --bind "$0" "$1" && echo ready && exec cat', bind.from, bind.to],
    environment: host.environment,
    stdin: true,
    onLine: (stream, line) => (stream === "stdout" ? ready.resolve() : ready.reject(failed(command.join(" "), line))),
  }));
  void child.exited.then(() => ready.reject(failed(command.join(" "), "it ended at once")));
  signal.addEventListener("abort", () => ready.reject(signal.reason), { once: true });
  await ready.promise;
  stack.move();
  return child;
}

async function runIp(host: Host, [file = "", ...args]: readonly string[], signal: AbortSignal): Promise<void> {
  const { code, stderr } = await host.processes.run({ file, args, environment: host.environment }, signal);
  if (code !== 0) throw failed(args.join(" "), stderr.trim());
}

function place(host: Host, { name, address, enter }: { name: string; address: string; enter: readonly string[] }): Place {
  const environment = host.environment;
  const inside = (spec: PlaceSpec): ChildSpec => {
    const [file = "", ...args] = [...enter, spec.file, ...spec.args];
    return { ...spec, file, args, environment };
  };
  return {
    name,
    address,
    spawn: (spec) => host.processes.spawn(inside(spec)),
    run: (spec, signal) => host.processes.run(inside(spec), signal),
  };
}

function failed(command: string, what: string): MeshError {
  return new MeshError("DEMO_NETWORK", { doing: `making the demo's network (${command})`, what });
}
