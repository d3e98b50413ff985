import { MeshError } from "../errors.ts";
import { parseIp, specialUse } from "./ip.ts";
import { hasPort } from "./kinds/ports.ts";
import type { Resolved } from "./resolved.ts";
import type { SettingKey, Settings } from "./settings.ts";
import type { Notice } from "./sources.ts";

type Values = ReadonlyMap<SettingKey, Resolved>;

/** A rule about settings that belong together: it is judged when all of them have a value. */
interface Check<K extends SettingKey = SettingKey> {
  readonly about: readonly K[];
  /** What is wrong, as a sentence without final stop. */
  // A method, so that a check of a few settings is a check of any: it is called when all of its own have their values.
  judge(settings: Pick<Required<Settings>, K>): string | undefined;
  readonly remedy: string;
}

const ports = ["proxyInboundPort", "proxyOutboundPort", "proxyAdminPort", "harnessAdminPort"] as const;

const checks: readonly Check[] = [
  check({
    about: ["inboundNetworkAddress"],
    remedy: "Give an address of this machine that the cluster's pods can reach; `ip address` or `ipconfig` lists them",
    judge: ({ inboundNetworkAddress }) => [inboundNetworkAddress.v4, inboundNetworkAddress.v6].map(judgeReachable).find((reason) => reason !== undefined),
  }),
  ...ports.flatMap((port, index) => ports.slice(index + 1).map((other) => check({
    about: [port, other],
    remedy: "Give each of them a port of its own",
    judge: (settings) => (settings[port] === settings[other] ? `${port} and ${other} are both ${settings[port]}` : undefined),
  }))),
  check({
    about: ["listenAddress", "adminAddress"],
    remedy: "Give each of them a port of its own",
    judge: ({ listenAddress, adminAddress }) => (listenAddress.port === adminAddress.port ? `listenAddress and adminAddress both use port ${adminAddress.port}` : undefined),
  }),
  check({
    about: ["defaultInboundPolicy", "clusterNetworks"],
    remedy: "Name the cluster's networks, or choose a policy that does not ask for them",
    judge: ({ defaultInboundPolicy, clusterNetworks }) => (clusterNetworks.length === 0 && needsNetworks.has(defaultInboundPolicy)
      ? `defaultInboundPolicy ${defaultInboundPolicy} needs clusterNetworks, which is empty`
      : undefined),
  }),
];

const needsNetworks = new Set(["cluster-authenticated", "cluster-unauthenticated", "audit"]);

/** Problems that show only when several settings are seen together. */
export function judgeSettings(values: Values): MeshError[] {
  return checks.flatMap(({ about, judge, remedy }) => {
    const what = judgeWith({ about, judge }, values);
    if (what === undefined) return [];
    const said = about.map((key) => values.get(key)?.where).filter((where) => where !== undefined);
    const where = said.length === 0 ? "" : ` (set by ${said.join(" and ")})`;
    return [new MeshError("SETTING_INVALID", { doing: "comparing the settings", what: what + where, remedy, target: said[0] ?? about[0] ?? "" })];
  });
}

/** What is allowed, but probably not meant. */
export function noticeSettings(values: Values): Notice[] {
  return [...noticeUnused(values), ...noticeLockout(values)];
}

function check<const K extends SettingKey>(declared: Check<K>): Check {
  return declared;
}

function judgeWith({ about, judge }: Pick<Check, "about" | "judge">, values: Values): string | undefined {
  const found = about.map((key) => values.get(key));
  if (found.some((value) => value === undefined)) return undefined;
  return judge(Object.fromEntries(about.map((key) => [key, values.get(key)?.value])) as Required<Settings>);
}

function judgeReachable(address: string | undefined): string | undefined {
  const parsed = address === undefined ? undefined : parseIp(address);
  const use = parsed === undefined ? undefined : specialUse(parsed);
  return use === undefined ? undefined : `inboundNetworkAddress ${address} is ${use}: no other machine reaches this one there`;
}

const onlyStatic = ["workloadName", "workloadNamespace", "workloadServerName", "probe"] as const;
const onlyDynamic = ["workloadGroupName", "workloadGroupNamespace"] as const;

function noticeUnused(values: Values): Notice[] {
  const registration = values.get("registration")?.text;
  if (registration === undefined) return [];
  const unused: readonly SettingKey[] = registration === "static" ? onlyDynamic : onlyStatic;
  return unused.flatMap((key) => {
    const where = values.get(key)?.where;
    return where === undefined ? [] : [{ key, text: `${where} has no effect with registration ${registration}` }];
  });
}

function noticeLockout(values: Values): Notice[] {
  const found = values.get("inboundPortsToIgnore");
  const ignored = found?.value as Settings["inboundPortsToIgnore"] | undefined;
  if (found?.where === undefined || ignored === undefined || hasPort(ignored, 22)) return [];
  return [{ key: found.key, text: `${found.where} leaves out port 22: SSH to this machine will pass through the proxy` }];
}
