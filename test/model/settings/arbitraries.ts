import fc from "fast-check";
import { settingKeys, settingRow } from "../../../src/model/settings/settings.ts";
import type { Kind, Os } from "../../../src/model/settings/kind.ts";

/** Every kind that the table uses, each once. */
export const allKinds: ReadonlyMap<string, Kind<unknown>> = new Map(settingKeys.map((key) => settingRow(key).kind).map((kind) => [kind.form, kind]));

/** Both systems. */
export const oses = ["linux", "win32"] as const satisfies readonly Os[];

const label = fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?$/);
const dnsName = fc.array(label, { minLength: 1, maxLength: 4 }).map((parts) => parts.join(".")).filter((name) => !/^[\d.]+$/.test(name));
const v4 = fc.ipV4();
// Zone and mixed forms come from fc as well; those that are no plain address are for the crash test.
const v6 = fc.array(fc.oneof(fc.constant("0"), fc.stringMatching(/^[0-9a-f]{1,4}$/)), { minLength: 8, maxLength: 8 }).map((groups) => groups.join(":"));
const port = fc.integer({ min: 1, max: 65_535 });
const hostPort = fc.tuple(fc.oneof(dnsName, v4, v6.map((address) => `[${address}]`)), port).map(([host, number]) => `${host}:${number}`);
const list = (item: fc.Arbitrary<string>): fc.Arbitrary<string> => fc.array(item, { maxLength: 6 }).map((items) => items.join(", "));
const range = fc.tuple(port, port).map(([a, b]) => (a <= b ? `${a}-${b}` : `${a}`));
const network = fc.oneof(
  fc.tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 8, max: 32 })).map(([first, prefix]) => `${first}.0.0.0/${prefix}`),
  fc.tuple(fc.stringMatching(/^[0-9a-f]{1,4}$/), fc.integer({ min: 16, max: 128 })).map(([first, prefix]) => `${first}::/${prefix}`),
  v4,
  v6,
);
const segment = fc.stringMatching(/^[A-Za-z0-9._-]{1,12}$/).filter((part) => part !== "." && part !== "..");
const spiffeId = fc.tuple(dnsName, fc.array(segment, { minLength: 1, maxLength: 4 })).map(([domain, path]) => `spiffe://${domain}/${path.join("/")}`);
const labelKey = fc.tuple(fc.option(dnsName, { nil: undefined }), fc.stringMatching(/^[A-Za-z]([A-Za-z0-9._-]{0,20}[A-Za-z0-9])?$/));
const labels = fc.uniqueArray(labelKey.map(([prefix, name]) => (prefix === undefined ? name : `${prefix}/${name}`)), { maxLength: 5 })
  .map((keys) => keys.map((key, index) => `${key}=v${index}`).join(","));
const posixPath = fc.array(segment, { maxLength: 5 }).map((parts) => `/${parts.join("/")}`);
const windowsPath = fc.tuple(fc.constantFrom("C:\\", "d:/", "\\\\server\\share\\"), fc.array(segment, { maxLength: 5 })).map(([root, parts]) => root + parts.join("\\"));

/** Texts of ordinary shape for a kind; every one has to be accepted on that system. */
export function ordinaryTexts(kind: Kind<unknown>, os: Os): fc.Arbitrary<string> {
  if (kind.choices !== undefined) return fc.constantFrom(...kind.choices);
  const known: Readonly<Record<string, fc.Arbitrary<string>>> = {
    address: fc.oneof(v4, v6, fc.tuple(v4, v6).map((both) => both.join(",")), fc.tuple(v6, v4).map((both) => both.join(","))),
    "IP address": fc.oneof(v4, v6),
    "CIDR list": list(network),
    "host:port": hostPort,
    "listen address": fc.oneof(port.map((number) => `:${number}`), v4.map((host) => `${host}:80`)),
    port: port.map(String),
    "port set": list(fc.oneof(port.map(String), range)),
    duration: fc.tuple(fc.integer({ min: 0, max: 59 }), fc.integer({ min: 0, max: 59 }), fc.integer({ min: 0, max: 999 })).map(([m, s, ms]) => `${m}m${s}s${ms}ms`),
    path: os === "win32" ? windowsPath : posixPath,
    "Workload API address": os === "win32"
      ? fc.tuple(fc.constantFrom("\\\\.\\pipe\\", "npipe:", "npipe:\\\\.\\pipe\\"), fc.array(segment, { minLength: 1 })).map(([form, parts]) => form + parts.join("\\"))
      : fc.oneof(posixPath.filter((path) => path !== "/").map((path) => `unix://${path}`), v4.map((host) => `tcp://${host}:8081`)),
    "SPIFFE ID": spiffeId,
    "SPIFFE ID patterns": list(fc.oneof(spiffeId, spiffeId.map((id) => `${id}/*`))),
    "DNS name": dnsName,
    "object name": dnsName,
    namespace: label.filter((name) => !/^\d+$/.test(name)),
    labels,
    probe: fc.oneof(hostPort.map((target) => `tcp://${target}`), fc.tuple(hostPort, posixPath).map(([target, path]) => `http://${target}${path}`)),
    user: fc.stringMatching(/^[a-z_][a-z0-9_-]{0,20}$/).filter((name) => name !== "root"),
    text: fc.stringMatching(/^[a-z=,:_-]{1,40}$/),
  };
  const found = known[kind.name];
  if (found === undefined) throw new Error(`no ordinary texts for the kind ${kind.name}: add them here`);
  return found;
}
