import { execFileSync, spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import koffi from "koffi";

const cloneNewnet = 0x4000_0000;

/** Addresses of the machine in its network. */
export const ownAddresses = { v4: "10.79.0.1", v6: "fd79::1" } as const;

/** Why this machine cannot have a network of one's own, or undefined when it can. */
export function missingForOwnNetwork(): string | undefined {
  if (process.platform !== "linux") return "needs Linux";
  if (process.getuid?.() !== 0) return "needs root to make a network namespace";
  const tools = ["ip", "nft", "setpriv"].filter((tool) => spawnSync("which", [tool]).status !== 0);
  if (tools.length > 0) return `needs ${tools.join(", ")} (packages iproute2, nftables, util-linux)`;
  return spawnSync("unshare", ["-n", "true"]).status === 0 ? undefined : "needs the right to make network namespaces (CAP_SYS_ADMIN)";
}

/**
 * Moves this very process, and every child it starts from then on, into a network namespace of its own with loopback and
 * one interface; disposing moves it back. Sockets stay in the namespace in which they were made.
 */
export function enterOwnNetwork(): Disposable {
  const libc = koffi.load("libc.so.6");
  const unshare = libc.func("int unshare(int flags)") as (flags: number) => number;
  const setns = libc.func("int setns(int fd, int nstype)") as (fd: number, type: number) => number;
  const home = openSync("/proc/self/ns/net", "r");
  if (unshare(cloneNewnet) !== 0) throw new Error("unshare failed");
  const ip = (...args: string[]): unknown => execFileSync("ip", args);
  ip("link", "set", "lo", "up");
  ip("link", "add", "mesh0", "type", "veth", "peer", "name", "mesh1");
  for (const device of ["mesh0", "mesh1"]) ip("link", "set", device, "up");
  ip("address", "add", `${ownAddresses.v4}/24`, "dev", "mesh0");
  ip("address", "add", `${ownAddresses.v6}/64`, "dev", "mesh0", "nodad");
  return {
    [Symbol.dispose]() {
      if (setns(home, cloneNewnet) !== 0) throw new Error("setns failed");
      closeSync(home);
    },
  };
}
