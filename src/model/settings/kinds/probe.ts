import { accept, refuse, type Kind, type Parsed } from "../kind.ts";
import type { Probe } from "../values.ts";
import { parseHostPort, renderHostPort } from "./host-port.ts";

/** How the harness asks whether the application is ready. */
export const probe: Kind<Probe> = {
  name: "probe",
  form: "http://127.0.0.1:8080/ready or tcp://127.0.0.1:5432",
  parse: (text) => {
    const parts = /^(http|tcp):\/\/([^/?#]*)([/?].*)?$/i.exec(text.trim());
    if (parts === null) return refuse("it is neither http://host:port/path nor tcp://host:port");
    const [, scheme = "", authority = "", path = ""] = parts;
    return scheme.toLowerCase() === "tcp" ? parseTcp(authority, path) : parseHttp(authority, path);
  },
  format: (value) => (value.kind === "tcp" ? `tcp://${renderHostPort(value)}` : `http://${renderHostPort(value)}${value.path}`),
};

function parseTcp(authority: string, path: string): Parsed<Probe> {
  if (path !== "" && path !== "/") return refuse("a TCP probe has no path");
  const target = parseHostPort(authority);
  return target.ok ? accept({ kind: "tcp", ...target.value }) : target;
}

function parseHttp(authority: string, path: string): Parsed<Probe> {
  if (!/^[\x21-\x7e]*$/.test(path) || path.includes("#")) return refuse("its path has a character that must be percent-encoded");
  const target = parseHostPort(/:\d+$/.test(authority) ? authority : `${authority}:80`);
  return target.ok ? accept({ kind: "http", ...target.value, path: path.startsWith("/") ? path : `/${path}` }) : target;
}
