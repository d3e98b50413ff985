import { renderKey, type ExternalGroup } from "../model/external-group.ts";
import { networkOf, parseIp, renderIp, specialUse, type Ip } from "../model/settings/ip.ts";
import { renderNetwork } from "../model/settings/kinds/addresses.ts";
import { refuseCall, type Refusal } from "../registration/reasons.ts";

/** Another workload that is published under one of the caller's addresses. */
export interface AddressOwner {
  readonly address: string;
  /** Its machine renewed in time and was let in; a dead one's address is free. */
  readonly live: boolean;
}

/** What admission depends on besides the caller. */
export interface AdmissionView {
  readonly group: ExternalGroup;
  /** Who may join a group that names nobody. */
  readonly defaultIdentities: readonly string[];
}

/** Whether the group lets this SPIFFE id in. */
export function judgeIdentity(identity: string, { group, defaultIdentities }: AdmissionView): Refusal | undefined {
  const patterns = group.admission.identities ?? defaultIdentities;
  if (patterns.some((pattern) => isMatch(identity, pattern))) return undefined;
  const name = renderKey(group.key);
  const why = group.admission.identities !== undefined
    ? `none of the ${patterns.length} patterns in its spec.registration.identities matches`
    : patterns.length > 0
      ? `it names no identities and none of the ${patterns.length} patterns in the server's DEFAULT_GROUP_IDENTITIES matches`
      : "it names no identities, and the server's DEFAULT_GROUP_IDENTITIES is empty";
  return refuseCall("IDENTITY_NOT_ALLOWED", `The group ${name} does not let ${identity} in: ${why}.`);
}

/** Whether the group lets a machine set these labels by itself. */
export function judgeLabels(labels: Readonly<Record<string, string>>, group: ExternalGroup): Refusal | undefined {
  const strange = Object.keys(labels).filter((key) => !group.admission.allowedLabels.includes(key)).sort();
  if (strange.length === 0) return undefined;
  return refuseCall("LABEL_NOT_ALLOWED", `The group ${renderKey(group.key)} does not let a machine set ${strange.join(", ")}: not in its spec.registration.allowedLabels.`);
}

/** Whether there is room for one more machine among `others` living ones. */
export function judgeRoom(others: number, { key, admission }: ExternalGroup): Refusal | undefined {
  if (admission.maxWorkloads === undefined || others < admission.maxWorkloads) return undefined;
  return refuseCall("GROUP_FULL", `The group ${renderKey(key)} has its ${admission.maxWorkloads} machines (spec.registration.maxWorkloads).`);
}

/** A caller's addresses in canonical form, or why they cannot be used. */
export type JudgedAddresses = { readonly ok: true; readonly addresses: readonly string[] } | { readonly ok: false; readonly refusal: Refusal };

/** Whether peers can reach a machine at these addresses and the group allows them; `owners` are the other workloads that have them. */
export function judgeAddresses(texts: readonly string[], group: ExternalGroup, owners: readonly AddressOwner[]): JudgedAddresses {
  const parsed = texts.map((text) => parseIp(text));
  const refusal = judgeForm(texts, parsed) ?? parsed.map((ip) => ip && judgePlace(ip, group)).find((found) => found !== undefined) ?? judgeOwners(owners);
  if (refusal !== undefined) return { ok: false, refusal };
  return { ok: true, addresses: parsed.filter((ip) => ip !== undefined).map(renderIp) };
}

// Exact, or everything below a path: the slash before the star keeps `…/vm/*` from matching `…/vmware`.
function isMatch(identity: string, pattern: string): boolean {
  return pattern.endsWith("/*") ? identity.startsWith(pattern.slice(0, -1)) && identity.length >= pattern.length : identity === pattern;
}

function judgeForm(texts: readonly string[], parsed: readonly (Ip | undefined)[]): Refusal | undefined {
  if (texts.length === 0) return refuseCall("ADDRESS_INVALID", "The machine gives no address.");
  const unread = texts.find((_, index) => parsed[index] === undefined);
  if (unread !== undefined) return refuseCall("ADDRESS_INVALID", `${renderForeign(unread)} is not an IP address.`);
  for (const ip of parsed) {
    const use = ip && specialUse(ip);
    if (ip !== undefined && use !== undefined) return refuseCall("ADDRESS_INVALID", `${renderIp(ip)} is no address that another machine can dial (${use}).`);
  }
  const families = parsed.map((ip) => ip?.family);
  const twice = ([4, 6] as const).find((family) => families.filter((other) => other === family).length > 1);
  return twice && refuseCall("ADDRESS_INVALID", `The machine gives more than one IPv${twice} address; a workload has at most one of each family.`);
}

// Any text at all, and it comes to stand in terminals: nothing that could turn a line around or end it.
function renderForeign(text: string): string {
  return JSON.stringify(text.slice(0, 64).replaceAll(/[^\x20-\x7e]/gu, "?"));
}

function judgePlace(ip: Ip, { key, admission }: ExternalGroup): Refusal | undefined {
  const allowed = admission.allowedCidrs;
  const inside = allowed.some(({ family, address, prefix }) => family === ip.family && networkOf(ip, prefix).bits === parseIp(address)?.bits);
  if (inside || allowed.length === 0) return undefined;
  return refuseCall("ADDRESS_NOT_ALLOWED", `${renderIp(ip)} is outside the networks that the group ${renderKey(key)} allows: ${allowed.map(renderNetwork).join(", ")}.`);
}

// The owner is not named: who is where is none of a stranger's business.
function judgeOwners(owners: readonly AddressOwner[]): Refusal | undefined {
  const taken = owners.find(({ live }) => live);
  return taken && refuseCall("ADDRESS_IN_USE", `${taken.address} belongs to another living workload.`);
}
