import { parseIp, renderIp } from "../model/settings/ip.ts";
import type { IPAddress, IPNetwork, TcpAddress } from "./generated/net.ts";

/** An address and port as text and number. */
export interface Endpoint {
  readonly ip: string;
  readonly port: number;
}

const half = 64n;
const halfMask = (1n << half) - 1n;

/** An IP address as the control plane writes it; undefined for a text that is none. */
export function encodeIp(text: string): IPAddress | undefined {
  const ip = parseIp(text);
  if (ip === undefined) return undefined;
  if (ip.family === 4) return { ip: { $case: "ipv4", value: Number(ip.bits) } };
  return { ip: { $case: "ipv6", value: { first: ip.bits >> half, last: ip.bits & halfMask } } };
}

/** The canonical text of an address of the control plane; undefined when it holds none. */
export function decodeIp(address: IPAddress | undefined): string | undefined {
  const ip = address?.ip;
  if (ip === undefined) return undefined;
  if (ip.$case === "ipv4") return renderIp({ family: 4, bits: BigInt(ip.value >>> 0) });
  return renderIp({ family: 6, bits: (ip.value.first << half) | ip.value.last });
}

/** An endpoint as the control plane writes it. */
export function encodeEndpoint({ ip, port }: Endpoint): TcpAddress {
  return { ip: encodeIp(ip), port };
}

/** An endpoint of the control plane; undefined when it has no address. */
export function decodeEndpoint(address: TcpAddress | undefined): Endpoint | undefined {
  const ip = decodeIp(address?.ip);
  return ip === undefined || address === undefined ? undefined : { ip, port: address.port };
}

/** A network in CIDR form as the control plane writes it. */
export function encodeNetwork(cidr: string): IPNetwork {
  const [ip = "", prefix = "0"] = cidr.split("/");
  return { ip: encodeIp(ip), prefixLen: Number(prefix) };
}

/** True when the address lies in the network. */
export function isInNetwork(text: string, network: IPNetwork | undefined): boolean {
  const [ip, base] = [parseIp(text), parseIp(decodeIp(network?.ip) ?? "")];
  if (ip === undefined || base === undefined || network === undefined || ip.family !== base.family) return false;
  const rest = BigInt((ip.family === 4 ? 32 : 128) - network.prefixLen);
  return ip.bits >> rest === base.bits >> rest;
}
