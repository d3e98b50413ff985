import type { Socket } from "node:net";
import { parseIp, renderIp } from "../../model/settings/ip.ts";
import { getsockopt } from "./ffi.ts";

const solIp = 0;
const solIpv6 = 41;
const originalDestination = 80;
const addressLength = { v4: 16, v6: 28 } as const;

/** Where an accepted connection was going before netfilter redirected it; undefined when netfilter does not know it. */
export function readOriginalDestination(socket: Socket): { readonly host: string; readonly port: number } | undefined {
  const fd = (socket as unknown as { readonly _handle?: { readonly fd: number } })._handle?.fd;
  if (fd === undefined || fd < 0) return undefined;
  // A socket on :: also takes IPv4, whose original destination is known to the IPv4 side alone.
  const family = isIpv4(socket.remoteAddress ?? "") ? "v4" : "v6";
  const address = Buffer.alloc(addressLength[family]);
  if (getsockopt(fd, { level: family === "v4" ? solIp : solIpv6, name: originalDestination }, address) !== 0) return undefined;
  return parseSocketAddress(family, address);
}

/** Reads a sockaddr_in or sockaddr_in6. */
export function parseSocketAddress(family: "v4" | "v6", address: Buffer): { readonly host: string; readonly port: number } {
  const port = address.readUInt16BE(2);
  if (family === "v4") return { host: renderIp({ family: 4, bits: BigInt(address.readUInt32BE(4)) }), port };
  return { host: renderIp({ family: 6, bits: (address.readBigUInt64BE(8) << 64n) | address.readBigUInt64BE(16) }), port };
}

function isIpv4(text: string): boolean {
  return parseIp(text.replace(/^::ffff:/, ""))?.family === 4;
}
