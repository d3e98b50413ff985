import { accept, refuse, type Kind, type Os, type Parsed } from "../kind.ts";
import { parseHostPort, renderHostPort } from "./host-port.ts";
import { parseIp } from "../ip.ts";

/** An absolute path of the system that the setting is for. */
export const path: Kind<string> = {
  name: "path",
  form: "an absolute path",
  parse: (text, os) => parsePath(text.trim(), os),
  format: (value) => value,
};

/** Where the SPIFFE Workload API listens. */
export const workloadApi: Kind<string> = {
  name: "Workload API address",
  form: "unix:///path/to/socket, \\\\.\\pipe\\name, npipe:name or tcp://127.0.0.1:port",
  parse: (text, os) => parseWorkloadApi(text.trim(), os),
  format: (value) => value,
};

function parsePath(text: string, os: Os): Parsed<string> {
  if (text === "") return refuse("it is empty");
  if (/\p{Cc}/u.test(text)) return refuse("it contains a control character");
  return os === "win32" ? parseWindowsPath(text) : parsePosixPath(text);
}

function parsePosixPath(text: string): Parsed<string> {
  if (!text.startsWith("/")) return refuse("it does not begin with /");
  if (text.split("/").includes("..")) return refuse("it contains ..");
  return accept(`/${text.split("/").filter((part) => part !== "" && part !== ".").join("/")}`);
}

function parseWindowsPath(text: string): Parsed<string> {
  const [root = ""] = /^(?:[A-Za-z]:[\\/]|[\\/]{2}[^\\/?.][^\\/]*[\\/]+[^\\/]+(?:[\\/]|$))/.exec(text) ?? [];
  if (root === "") return refuse("it does not begin with a drive (C:\\) or a share (\\\\server\\share)");
  const parts = text.slice(root.length).split(/[\\/]/).filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) return refuse("it contains ..");
  const bad = parts.find((part) => /[<>:"|?*]/.test(part));
  if (bad !== undefined) return refuse(`${JSON.stringify(bad)} has a character that Windows does not allow in names`);
  return accept(/^[A-Za-z]:/.test(root) ? `${root.slice(0, 2)}\\${parts.join("\\")}` : joinShare(root, parts));
}

function joinShare(root: string, parts: readonly string[]): string {
  return `\\\\${[...root.split(/[\\/]/).filter((part) => part !== ""), ...parts].join("\\")}`;
}

function parseWorkloadApi(text: string, os: Os): Parsed<string> {
  if (/^tcp:/i.test(text)) return parseTcp(text.replace(/^tcp:(?:\/\/)?/i, ""));
  return os === "win32" ? parsePipe(text) : parseSocket(text);
}

function parseTcp(text: string): Parsed<string> {
  const target = parseHostPort(text);
  if (!target.ok) return target;
  return parseIp(target.value.host) === undefined ? refuse("after tcp: stands an IP address, not a name") : accept(`tcp://${renderHostPort(target.value)}`);
}

function parseSocket(text: string): Parsed<string> {
  if (/^npipe:|^[\\/]{2}\.[\\/]/i.test(text)) return refuse("named pipes exist on Windows only");
  if (/^unix:\/\/[^/]/i.test(text)) return refuse("a socket's address has no host: after unix:// stands an absolute path");
  const socket = parsePath(text.replace(/^unix:(?:\/\/(?=\/))?/i, ""), "linux");
  if (!socket.ok) return refuse(`it names no socket (${socket.reason})`);
  return socket.value === "/" ? refuse("it names no socket") : accept(`unix://${socket.value}`);
}

function parsePipe(text: string): Parsed<string> {
  if (/^unix:/i.test(text)) return refuse("SPIRE's agent offers a named pipe on Windows");
  const [, name = ""] = /^(?:npipe:(?:[\\/]{2}\.[\\/]pipe)?|[\\/]{2}\.[\\/]pipe(?=[\\/]))[\\/]?(.+)$/i.exec(text) ?? [];
  if (name === "") return refuse("it names no pipe");
  const backslashed = name.replaceAll("/", "\\");
  return /^[^\p{Cc}\\]+(?:\\[^\p{Cc}\\]+)*$/u.test(backslashed) ? accept(`\\\\.\\pipe\\${backslashed}`) : refuse("its pipe name has an empty part or a control character");
}
