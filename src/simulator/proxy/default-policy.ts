import { encodeNetwork, isInNetwork } from "../../linkerd/addresses.ts";

/** Whom a default inbound policy lets in, as long as the policy service says nothing. */
export function isAllowedByDefault(policy: string, clusterNetworks: readonly string[], client: { readonly ip: string; readonly identity: string | undefined }): boolean {
  if (policy === "deny") return false;
  if (policy.endsWith("-authenticated") && client.identity === undefined) return false;
  return !policy.startsWith("cluster-") || clusterNetworks.some((cidr) => isInNetwork(client.ip, encodeNetwork(cidr)));
}
