/** An IP address as its family and number. */
export interface Ip {
  readonly family: 4 | 6;
  readonly bits: bigint;
}

/** Reads an IPv4 or IPv6 address without zone or port; undefined for anything else. */
export function parseIp(text: string): Ip | undefined {
  const bits = text.includes(":") ? parseV6(text) : parseV4(text);
  if (bits === undefined) return undefined;
  return { family: text.includes(":") ? 6 : 4, bits };
}

/** The canonical text: dotted for IPv4, RFC 5952 for IPv6. */
export function renderIp(ip: Ip): string {
  return ip.family === 4 ? renderV4(ip.bits) : renderV6(ip.bits);
}

/** How many bits an address of that family has. */
export function ipWidth(family: 4 | 6): 32 | 128 {
  return family === 4 ? 32 : 128;
}

/** The address with all bits after `prefix` cleared. */
export function networkOf(ip: Ip, prefix: number): Ip {
  const host = BigInt(ipWidth(ip.family) - prefix);
  return { family: ip.family, bits: (ip.bits >> host) << host };
}

// Leading zeros are refused: some readers take them for octal.
const octet = /^(?:0|[1-9]\d{0,2})$/;

function parseV4(text: string): bigint | undefined {
  const octets = text.split(".");
  if (octets.length !== 4 || !octets.every((part) => octet.test(part) && Number(part) <= 255)) return undefined;
  return octets.reduce((bits, part) => (bits << 8n) | BigInt(part), 0n);
}

function parseV6(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const groups = halves.map((half) => parseGroups(half));
  const [head, tail] = groups;
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  // A dotted end may stand only at the very end of the address.
  if (halves.length === 2 && halves[0]?.includes(".")) return undefined;
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const all = [...head, ...Array<number>(missing).fill(0), ...(tail ?? [])];
  return all.reduce((bits, group) => (bits << 16n) | BigInt(group), 0n);
}

function parseGroups(half: string): number[] | undefined {
  if (half === "") return [];
  const parts = half.split(":");
  const dotted = parts.at(-1)?.includes(".") ? parseV4(parts.pop() ?? "") : 0n;
  if (dotted === undefined || !parts.every((part) => /^[0-9a-f]{1,4}$/i.test(part))) return undefined;
  const groups = parts.map((part) => Number.parseInt(part, 16));
  return half.includes(".") ? [...groups, Number(dotted >> 16n), Number(dotted & 0xffffn)] : groups;
}

function renderV4(bits: bigint): string {
  return [24n, 16n, 8n, 0n].map((shift) => String((bits >> shift) & 255n)).join(".");
}

function renderV6(bits: bigint): string {
  if (bits >> 32n === 0xffffn) return `::ffff:${renderV4(bits & 0xffff_ffffn)}`;
  const groups = Array.from({ length: 8 }, (_, index) => (bits >> BigInt(112 - 16 * index)) & 0xffffn);
  const { start, length } = longestZeros(groups);
  const hex = (part: readonly bigint[]): string => part.map((group) => group.toString(16)).join(":");
  return length < 2 ? hex(groups) : `${hex(groups.slice(0, start))}::${hex(groups.slice(start + length))}`;
}

function longestZeros(groups: readonly bigint[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let length = 0;
  groups.forEach((group, index) => {
    length = group === 0n ? length + 1 : 0;
    if (length > best.length) best = { start: index - length + 1, length };
  });
  return best;
}

const specials = {
  loopback: ["127.0.0.0/8", "::1/128"],
  "link-local": ["169.254.0.0/16", "fe80::/10"],
  multicast: ["224.0.0.0/4", "ff00::/8"],
  unspecified: ["0.0.0.0/8", "::/128"],
  broadcast: ["255.255.255.255/32"],
  "IPv4 inside IPv6": ["::ffff:0:0/96"],
} as const;

/** What makes an address unusable as one that another machine dials, or undefined when nothing does. */
export function specialUse(ip: Ip): keyof typeof specials | undefined {
  const names = Object.keys(specials) as (keyof typeof specials)[];
  return names.find((name) => specials[name].some((network) => isInside(ip, network)));
}

/** True for the text of a loopback address; false for a name, whatever it resolves to. */
export function isLoopback(text: string): boolean {
  const ip = parseIp(text);
  return ip !== undefined && specialUse(ip) === "loopback";
}

function isInside(ip: Ip, network: string): boolean {
  const [text = "", prefix] = network.split("/");
  const base = parseIp(text);
  return base?.family === ip.family && networkOf(ip, Number(prefix)).bits === base.bits;
}
