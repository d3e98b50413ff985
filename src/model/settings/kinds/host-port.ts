import { accept, refuse, type Kind, type Parsed } from "../kind.ts";
import { parseIp, renderIp } from "../ip.ts";
import type { HostPort } from "../values.ts";
import { parseDnsName } from "./names.ts";
import { parsePort } from "./ports.ts";

/** A host and a port. */
export const hostPort: Kind<HostPort> = {
  name: "host:port",
  form: "host:port, IPv6 in brackets: [fd00::1]:8086",
  parse: (text) => parseHostPort(text.trim()),
  format: renderHostPort,
};

/** Where a server listens; an empty host means every address. */
export const listenAddress: Kind<HostPort> = {
  name: "listen address",
  form: "address:port, or :port for every address",
  parse: (text) => {
    const trimmed = text.trim();
    if (trimmed.startsWith(":") && !trimmed.startsWith("::")) return withPort("", trimmed.slice(1));
    const parsed = parseHostPort(trimmed);
    if (!parsed.ok) return parsed;
    return parseIp(parsed.value.host) === undefined ? refuse("a server listens at an IP address, not at a name") : parsed;
  },
  format: renderHostPort,
};

/** The text of a host and a port. */
export function renderHostPort({ host, port }: HostPort): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Reads `name:port`, `1.2.3.4:port` or `[v6]:port`. */
export function parseHostPort(text: string): Parsed<HostPort> {
  const parts = /^(?:\[([^\]]*)\]|([^:[\]]*)):([^:]*)$/.exec(text);
  if (parts === null) return refuse(explainShape(text));
  const [, bracketed, plain = "", port = ""] = parts;
  const host = bracketed === undefined ? parsePlainHost(plain) : parseBracketed(bracketed);
  return host.ok ? withPort(host.value, port) : host;
}

function explainShape(text: string): string {
  if (parseIp(text)?.family === 6) return "an IPv6 address stands in brackets and is followed by a port: [fd00::1]:8086";
  return text.includes(":") ? "it is not host:port" : "it has no port";
}

function withPort(host: string, text: string): Parsed<HostPort> {
  const port = parsePort(text);
  return port.ok ? accept({ host, port: port.value }) : refuse(`${JSON.stringify(text)} is not a port from 1 to 65535`);
}

function parseBracketed(text: string): Parsed<string> {
  const parsed = parseIp(text);
  return parsed?.family === 6 ? accept(renderIp(parsed)) : refuse("only an IPv6 address stands in brackets");
}

function parsePlainHost(text: string): Parsed<string> {
  // Digits and dots only are meant as an address: a name like 10.0.0.256 would be looked up in vain.
  if (!/^[\d.]+$/.test(text)) return parseDnsName(text);
  const parsed = parseIp(text);
  return parsed === undefined ? refuse(`${JSON.stringify(text)} is not an IPv4 address`) : accept(renderIp(parsed));
}
