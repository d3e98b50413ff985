import { accept, parseList, refuse, type Kind, type Parsed } from "../kind.ts";
import { ipWidth, networkOf, parseIp, renderIp } from "../ip.ts";
import type { Address, Network } from "../values.ts";

/** One IP address of either family. */
export const ip: Kind<string> = {
  name: "IP address",
  form: "an IPv4 or IPv6 address",
  parse: (text) => parseCanonical(text.trim()),
  format: (address) => address,
};

/** One address, or one of each family. */
export const address: Kind<Address> = {
  name: "address",
  form: "an IPv4 address, an IPv6 address, or both: 10.0.0.5,fd00::5",
  parse: (text) => {
    const parsed = parseList(text, parseCanonical);
    if (!parsed.ok) return parsed;
    const v4 = parsed.value.filter((item) => !item.includes(":"));
    const v6 = parsed.value.filter((item) => item.includes(":"));
    if (parsed.value.length === 0) return refuse("it is empty");
    if (v4.length > 1 || v6.length > 1) return refuse("it has two addresses of one family");
    return accept({ ...(v4[0] !== undefined && { v4: v4[0] }), ...(v6[0] !== undefined && { v6: v6[0] }) });
  },
  format: ({ v4, v6 }) => [v4, v6].filter((item) => item !== undefined).join(","),
};

/** Networks in CIDR form: canonical, sorted, each once. */
export const networks: Kind<readonly Network[]> = {
  name: "CIDR list",
  form: "networks in CIDR form, as 10.0.0.0/8,fd00::/8; empty for none",
  parse: (text) => {
    const parsed = parseList(text, parseNetwork);
    return parsed.ok ? accept(sortNetworks(parsed.value)) : parsed;
  },
  format: (list) => list.map(renderNetwork).join(","),
};

/** The CIDR text of a network. */
export function renderNetwork(network: Network): string {
  return `${network.address}/${network.prefix}`;
}

/** Reads one network; a bare address is a network of itself. */
export function parseNetwork(text: string): Parsed<Network> {
  const [base = "", length, ...rest] = text.split("/");
  const parsed = parseIp(base);
  if (parsed === undefined || rest.length > 0) return refuse(`${JSON.stringify(text)} is not a network in CIDR form`);
  const width = ipWidth(parsed.family);
  if (length !== undefined && !/^(?:0|[1-9]\d{0,2})$/.test(length)) return refuse(`${JSON.stringify(text)} has no prefix length after its /`);
  const prefix = length === undefined ? width : Number(length);
  if (prefix > width) return refuse(`the prefix of ${text} is longer than ${width} bits`);
  const network = networkOf(parsed, prefix);
  if (network.bits === parsed.bits) return accept({ family: parsed.family, address: renderIp(parsed), prefix });
  return refuse(`${text} has bits after its prefix; the network is ${renderIp(network)}/${prefix}`);
}

function parseCanonical(text: string): Parsed<string> {
  const parsed = parseIp(text);
  return parsed === undefined ? refuse(`${JSON.stringify(text)} is not an IP address`) : accept(renderIp(parsed));
}

function sortNetworks(list: readonly Network[]): Network[] {
  const unique = new Map(list.map((network) => [renderNetwork(network), network]));
  return [...unique.values()].toSorted(compareNetworks);
}

function compareNetworks(a: Network, b: Network): number {
  if (a.family !== b.family) return a.family - b.family;
  const [left, right] = [parseIp(a.address)?.bits ?? 0n, parseIp(b.address)?.bits ?? 0n];
  if (left !== right) return left < right ? -1 : 1;
  return a.prefix - b.prefix;
}
