import { readFile } from "node:fs/promises";
import { userInfo } from "node:os";
import type { Account } from "../host.ts";

/** Bit of CAP_NET_ADMIN in the capability sets of /proc/self/status. */
const netAdmin = 12n;

/** Who this process is and whether it may change the network. */
export async function readAccount(): Promise<Account> {
  const status = await readFile("/proc/self/status", "utf8");
  const uid = process.getuid?.() ?? -1;
  return { name: readName(uid), uid, mayRedirect: hasCapability(status, netAdmin) };
}

/** True when the effective set in the text of /proc/PID/status holds that capability. */
export function hasCapability(status: string, bit: bigint): boolean {
  const effective = /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1];
  return effective !== undefined && ((BigInt(`0x${effective}`) >> bit) & 1n) === 1n;
}

function readName(uid: number): string {
  try {
    return userInfo().username;
  } catch {
    // A uid that no user has.
    return `uid ${uid}`;
  }
}
