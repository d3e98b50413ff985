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

/** Three hosts, each joined to the others; disposing it takes them away with everything in them. */
export interface Network extends AsyncDisposable {
  readonly mesh: Place;
  readonly machine: Place;
  readonly second: Place;
}

/** What the network looks like: a subnet for the hosts, and one for the addresses of the cluster's Services. */
export const layout = { prefix: 24, mesh: "10.90.0.1", machine: "10.90.0.2", second: "10.90.0.3", services: "10.90.1.0/24" } as const;

/** How the network is made. */
export interface NetworkOptions {
  /** Without root the namespaces stand inside a user namespace. */
  readonly inUserNamespace: boolean;
  /** A folder that accounts of the machine could not reach at its own place (as under /root), and where they find it. */
  readonly bind: { readonly from: string; readonly to: string };
}

/**
 * Makes three network namespaces with veth pairs between them. They have no name in the file system: each is held by a
 * process of ours alone, so that even a kill leaves nothing behind.
 */
export async function openNetwork(host: Host, options: NetworkOptions, signal: AbortSignal): Promise<Network> {
  await using stack = new AsyncDisposableStack();
  const { inUserNamespace: user, bind } = options;
  const mesh = stack.use(await holdNamespace(host, { command: ["unshare", ...(user ? userNamespace : []), "--net", "--mount"], bind }, signal));
  const another = { command: [...enterCommand(mesh.pid, { user, net: false }), "unshare", "--net", "--mount"], bind };
  const machine = stack.use(await holdNamespace(host, another, signal));
  const second = stack.use(await holdNamespace(host, another, signal));
  const enter = (child: Child): readonly string[] => enterCommand(child.pid, { user, net: true });
  const places = {
    mesh: place(host, { name: "mesh", address: layout.mesh, enter: enter(mesh) }),
    machine: place(host, { name: "machine", address: layout.machine, enter: enter(machine) }),
    second: place(host, { name: "second", address: layout.second, enter: enter(second) }),
  };
  for (const { at, args } of planCables({ machine: machine.pid, second: second.pid })) await runIp(places[at], args, signal);
  const kept = stack.move();
  return { ...places, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** A command of the network's set-up. */
interface IpCommand {
  readonly at: "mesh" | "machine" | "second";
  readonly args: readonly string[];
}

/** The commands that join the namespaces, in their order: veth pairs alone, for not every kernel has bridges. */
export function planCables(pids: { readonly machine: number; readonly second: number }): readonly IpCommand[] {
  const cable = (at: IpCommand["at"], [near, far]: readonly [string, string], pid: number): IpCommand => ({ at, args: ["link", "add", near, "type", "veth", "peer", "name", far, "netns", String(pid)] });
  const up = (at: IpCommand["at"], device: string): IpCommand => ({ at, args: ["link", "set", device, "up"] });
  const side = (at: IpCommand["at"], device: string): readonly IpCommand[] => [{ at, args: ["address", "add", `${layout[at]}/${layout.prefix}`, "dev", device] }, up(at, device), up(at, "lo")];
  const toServices = (at: IpCommand["at"]): IpCommand => ({ at, args: ["route", "add", layout.services, "via", layout.mesh] });
  // A device without an address of its own: who is behind it, and as whom we speak there.
  const route = (at: IpCommand["at"], to: IpCommand["at"], device: string): IpCommand => ({ at, args: ["route", "add", `${layout[to]}/32`, "dev", device, "src", layout[at]] });
  return [
    cable("mesh", ["mesh0", "machine0"], pids.machine), ...side("mesh", "mesh0"), ...side("machine", "machine0"), toServices("machine"),
    cable("mesh", ["mesh1", "machine0"], pids.second), up("mesh", "mesh1"), route("mesh", "second", "mesh1"), ...side("second", "machine0"), toServices("second"),
    cable("machine", ["machine1", "machine1"], pids.second), up("machine", "machine1"), up("second", "machine1"),
    route("machine", "second", "machine1"), route("second", "machine", "machine1"),
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

async function runIp(at: Place, args: readonly string[], signal: AbortSignal): Promise<void> {
  const { code, stderr } = await at.run({ file: "ip", args }, signal);
  if (code !== 0) throw failed(`ip ${args.join(" ")}`, stderr.trim());
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
