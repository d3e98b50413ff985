import { MeshError } from "../model/errors.ts";

/** Where the Workload API listens: a path of a Unix socket or a named pipe, or a TCP endpoint. */
export type WorkloadApiAddress =
  | { readonly kind: "unix"; readonly path: string }
  | { readonly kind: "pipe"; readonly path: string }
  | { readonly kind: "tcp"; readonly host: string; readonly port: number };

// sun_path holds 108 bytes with its closing zero, on every Linux.
const longestSocketPath = 107;

/** Reads an address in any form that SPIFFE, go-spiffe or Windows writes it in; SPIRE_ADDRESS says what is wrong with a bad one. */
export function parseWorkloadApiAddress(text: string): WorkloadApiAddress {
  if (text === "") throw refuse(text, "it is empty");
  if (/\p{Cc}/u.test(text)) throw refuse(text, "it contains a control character");
  if (/^[\\/]{2}[.?][\\/]/u.test(text)) return parsePipePath(text);
  if (text.startsWith("/")) return parseSocketPath(text, text);
  const [, scheme = "", rest = ""] = /^([A-Za-z][A-Za-z0-9+.-]*):(.*)$/u.exec(text) ?? [];
  const parse = parsers[scheme.toLowerCase()];
  if (parse !== undefined) return parse(rest, text);
  throw refuse(text, scheme === "" ? "it is neither an absolute path nor unix:, npipe: or tcp:" : `the scheme ${scheme}: is none of unix:, npipe: and tcp:`);
}

const parsers: Readonly<Record<string, (rest: string, text: string) => WorkloadApiAddress>> = {
  unix: parseUnix,
  npipe: parsePipeName,
  tcp: parseTcp,
};

function parseUnix(rest: string, text: string): WorkloadApiAddress {
  if (/[?#]/u.test(rest)) throw refuse(text, "a socket address has no query and no fragment");
  const [, host = "", path = rest] = /^\/\/([^/]*)(.*)$/u.exec(rest) ?? [];
  if (host !== "") throw refuse(text, `after unix:// stands the host '${host}'; write unix:///path with three slashes`);
  return parseSocketPath(path, text);
}

function parseSocketPath(path: string, text: string): WorkloadApiAddress {
  if (path === "" || path === "/") throw refuse(text, "it names no socket");
  if (!path.startsWith("/")) throw refuse(text, "the path of the socket must be absolute");
  if (path.endsWith("/")) throw refuse(text, "the path of the socket ends with a slash, so it is a folder");
  if (new TextEncoder().encode(path).length > longestSocketPath) {
    throw refuse(text, `the path of the socket is longer than ${longestSocketPath} bytes, which no Unix socket can have`);
  }
  return { kind: "unix", path };
}

function parsePipeName(rest: string, text: string): WorkloadApiAddress {
  if (/^[\\/]{2}[.?][\\/]/u.test(rest)) throw refuse(text, "after npipe: stands the name alone, without \\\\.\\pipe\\");
  if (rest.startsWith("//")) throw refuse(text, "npipe: takes no //; write npipe:name");
  if (/[?#]/u.test(rest)) throw refuse(text, "a pipe address has no query and no fragment");
  return pipe(rest.replace(/^[\\/]/u, ""), text);
}

function parsePipePath(text: string): WorkloadApiAddress {
  const [, name] = /^[\\/]{2}\.[\\/]pipe[\\/](.*)$/iu.exec(text) ?? [];
  if (name === undefined) throw refuse(text, "a pipe of this machine begins with \\\\.\\pipe\\");
  return pipe(name, text);
}

function pipe(name: string, text: string): WorkloadApiAddress {
  const parts = name.split(/[\\/]/u);
  if (name === "") throw refuse(text, "it names no pipe");
  if (parts.includes("")) throw refuse(text, "the name of the pipe has an empty part");
  return { kind: "pipe", path: `\\\\.\\pipe\\${parts.join("\\")}` };
}

function parseTcp(rest: string, text: string): WorkloadApiAddress {
  const target = rest.replace(/^\/\//u, "");
  if (/[/?#@]/u.test(target)) throw refuse(text, "after tcp: stand an address and a port, nothing else");
  if (/^[^[]*:.*:./u.test(target)) throw refuse(text, "an IPv6 address stands in brackets, as tcp://[::1]:8081");
  const [, bracketed, plain, port = ""] = /^(?:\[([^\]]+)\]|([^:[\]]*))(?::(.*))?$/u.exec(target) ?? [];
  const host = bracketed ?? plain;
  if (host === undefined) throw refuse(text, "its brackets do not enclose an address");
  if (host === "") throw refuse(text, "the address before the port is missing");
  if (port === "") throw refuse(text, "the port is missing");
  if (!/^\d{1,5}$/u.test(port) || Number(port) < 1 || Number(port) > 65535) throw refuse(text, `'${port}' is not a port from 1 to 65535`);
  return { kind: "tcp", host, port: Number(port) };
}

function refuse(text: string, what: string): MeshError {
  return new MeshError("SPIRE_ADDRESS", { doing: "reading the address of the SPIFFE Workload API", what, target: text });
}

/** The address as one reads it, in the form that linkerd2-proxy takes too. */
export function renderWorkloadApiAddress(address: WorkloadApiAddress): string {
  if (address.kind === "unix") return `unix://${address.path}`;
  if (address.kind === "pipe") return address.path;
  return `tcp://${address.host.includes(":") ? `[${address.host}]` : address.host}:${address.port}`;
}
