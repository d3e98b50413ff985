import { groupApiVersion } from "../../model/external-group-schema.ts";
import { parseHostPort } from "../../model/settings/kinds/host-port.ts";
import type { CommandContext, Option } from "../command.ts";

/** Options that describe a group. */
export const groupOptions = {
  name: { type: "string", describe: "Name of the group; WORKLOAD_GROUP_NAME of this machine's settings when left out" },
  namespace: { type: "string", short: "n", describe: "Namespace of the group; WORKLOAD_GROUP_NAMESPACE when left out" },
  identity: { type: "string", repeat: true, describe: "A SPIFFE ID that may join, or a pattern that ends in /*" },
  port: { type: "string", repeat: true, describe: "A port of the application as NAME=PORT or NAME=PORT/UDP" },
  probe: { type: "string", describe: "How the application is asked: http://127.0.0.1:8080/ready, https://…, tcp://127.0.0.1:5432, grpc://127.0.0.1:9000/service, or exec:/usr/bin/check" },
  label: { type: "string", repeat: true, describe: "A label of every machine as KEY=VALUE" },
  "allowed-label": { type: "string", repeat: true, describe: "Key of a label that a machine may set by itself" },
  "allowed-cidr": { type: "string", repeat: true, describe: "A network in which machines must be; all when left out" },
  "max-workloads": { type: "string", value: "number", describe: "How many machines the group may have" },
} as const satisfies Readonly<Record<string, Option>>;

/** A manifest as the options say it, still unjudged, and what in them has not even the form of one. */
export interface DescribedGroup {
  readonly manifest: unknown;
  readonly problems: readonly string[];
}

/** Makes a manifest of the options; name and namespace are those that hold after the machine's settings. */
export function parseGroupOptions(options: CommandContext["options"], key: { readonly name: unknown; readonly namespace: unknown }): DescribedGroup {
  const problems: string[] = [];
  const list = (option: keyof typeof groupOptions): readonly string[] => {
    const given = options[option];
    return Array.isArray(given) ? given.map(String) : [];
  };
  const { probe, "max-workloads": most } = options;
  const registration = {
    ...(list("identity").length > 0 && { identities: list("identity") }),
    allowedCIDRs: list("allowed-cidr"),
    allowedLabels: list("allowed-label"),
    ...(most !== undefined && { maxWorkloads: Number(most) }),
  };
  // A port that cannot be read leaves its place to another, so that the problems of the rest name the right ones.
  const template = {
    metadata: { labels: Object.fromEntries(list("label").flatMap((text) => parsePair(text, { option: "--label", problems }))) },
    ports: list("port").map((text, index) => parsePort(text, problems) ?? { name: `unread-${index}`, port: 1 }),
  };
  const probes = typeof probe === "string" ? parseProbe(probe, problems) : [];
  return { manifest: { apiVersion: groupApiVersion, kind: "ExternalGroup", metadata: key, spec: { registration, probes, template } }, problems };
}

/** A problem of the manifest, with the option that its field came from in the place of the field's path. */
export function renderOptionProblem(problem: string, options: CommandContext["options"]): string {
  const [prefix, option] = fields.find(([start]) => problem.startsWith(start)) ?? ["", ""];
  if (option === "") return problem;
  const [path = "", ...why] = problem.split(": ");
  const [, index] = path.slice(prefix.length).split(".");
  const given = options[option];
  const said = typeof given === "object" ? given[Number(index)] : undefined;
  return `--${option}${said === undefined ? "" : ` ${said}`}: ${why.join(": ")}`;
}

const fields = [
  ["metadata.name", "name"],
  ["metadata.namespace", "namespace"],
  ["spec.registration.identities", "identity"],
  ["spec.registration.allowedCIDRs", "allowed-cidr"],
  ["spec.registration.allowedLabels", "allowed-label"],
  ["spec.registration.maxWorkloads", "max-workloads"],
  ["spec.template.metadata.labels", "label"],
  ["spec.template.ports", "port"],
  ["spec.probes", "probe"],
] as const;

function parsePair(text: string, { option, problems }: { readonly option: string; readonly problems: string[] }): readonly (readonly [string, string])[] {
  const at = text.indexOf("=");
  if (at > 0) return [[text.slice(0, at), text.slice(at + 1)]];
  problems.push(`${option}: '${text}' has no = between its two parts`);
  return [];
}

function parsePort(text: string, problems: string[]): unknown {
  const [pair] = parsePair(text, { option: "--port", problems });
  if (pair === undefined) return undefined;
  const [name, rest] = pair;
  const [port = "", protocol = "TCP"] = rest.split("/");
  return { name, port: /^\d+$/u.test(port) ? Number(port) : port, protocol: protocol.toUpperCase() };
}

function parseProbe(text: string, problems: string[]): readonly unknown[] {
  if (text.startsWith("exec:")) return [{ exec: { command: text.slice("exec:".length).trim().split(/\s+/u) } }];
  const parts = /^(?<scheme>https?|tcp|grpc):\/\/(?<authority>[^/?#]*)(?<path>.*)$/iu.exec(text)?.groups;
  const scheme = parts?.["scheme"]?.toLowerCase() ?? "";
  const authority = parts?.["authority"] ?? "";
  const path = parts?.["path"] ?? "";
  const target = parseHostPort(/:\d*$/u.test(authority) ? authority : `${authority}:${scheme === "https" ? 443 : 80}`);
  const wrong = judgeProbe({ scheme, authority, path }, target.ok ? undefined : target.reason);
  if (wrong !== undefined || !target.ok) {
    problems.push(`--probe: '${text}' ${wrong ?? ""}`);
    return [];
  }
  const { host, port } = target.value;
  if (scheme === "tcp") return [{ tcpSocket: { host, port } }];
  if (scheme === "grpc") return [{ grpc: { port, service: path.slice(1) } }];
  return [{ httpGet: { scheme: scheme.toUpperCase(), host, port, path: path.startsWith("/") ? path : `/${path}` } }];
}

function judgeProbe({ scheme, authority, path }: Readonly<Record<"scheme" | "authority" | "path", string>>, reason: string | undefined): string | undefined {
  if (scheme === "") return "is none of http://…, https://…, tcp://…, grpc://… and exec:…";
  if (reason !== undefined) return `has no host and port that can be used: ${reason}`;
  if (!scheme.startsWith("http") && !/:\d+$/u.test(authority)) return "has no port";
  if (scheme === "tcp" && path.length > 1) return "has a path, which TCP has not";
  // Kubernetes gives a gRPC probe no host: it asks the machine itself.
  if (scheme === "grpc" && !/^(?:127\.0\.0\.1|localhost|\[::1\]):/u.test(authority)) return "asks another host; a gRPC probe asks the machine itself, at 127.0.0.1";
  return undefined;
}
