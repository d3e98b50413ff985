import type { GroupProxyConfig } from "../../model/external-group.ts";
import type { SettingKey } from "../../model/settings/settings.ts";
import type { Texts } from "../../model/settings/sources.ts";

const settingOf: Readonly<Record<keyof GroupProxyConfig, SettingKey>> = {
  clusterDomain: "clusterDomain",
  destinationAddr: "destinationSvcAddr",
  destinationName: "destinationSvcName",
  policyAddr: "policySvcAddr",
  policyName: "policySvcName",
  clusterNetworks: "clusterNetworks",
  defaultInboundPolicy: "defaultInboundPolicy",
};

/** What a group tells a machine's proxy, as settings by config key; what only a newer service knows is passed over. */
export function renderGroupValues(proxy: GroupProxyConfig): Texts {
  const told = Object.entries(settingOf).map(([field, key]) => [key, proxy[field as keyof GroupProxyConfig]] as const);
  return Object.fromEntries(told.filter((pair): pair is readonly [SettingKey, string] => pair[1] !== undefined));
}
