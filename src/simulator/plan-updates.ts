import { encodeEndpoint } from "../linkerd/addresses.ts";
import type { Update } from "../linkerd/generated/destination.ts";
import { encodeWeightedAddr, type MeshedEndpoint } from "../linkerd/outbound-policy.ts";

/** What a stream of the destination service is told so that it knows the endpoints of now; discovery speaks in changes. */
export function planUpdates(told: readonly MeshedEndpoint[] | undefined, now: readonly MeshedEndpoint[]): readonly Update[] {
  if (now.length === 0) return told?.length === 0 ? [] : [{ update: { $case: "noEndpoints", value: { exists: true } } }];
  const before = new Map((told ?? []).map((one) => [keyOf(one), JSON.stringify(one)]));
  const after = new Set(now.map(keyOf));
  const gone = (told ?? []).filter((one) => !after.has(keyOf(one)));
  const added = now.filter((one) => before.get(keyOf(one)) !== JSON.stringify(one));
  // First what is new: a balancer with nothing left would fail calls in between.
  return [
    ...(added.length === 0 ? [] : [{ update: { $case: "add" as const, value: { addrs: added.map(encodeWeightedAddr), metricLabels: {} } } }]),
    ...(gone.length === 0 ? [] : [{ update: { $case: "remove" as const, value: { addrs: gone.map(encodeEndpoint) } } }]),
  ];
}

function keyOf({ ip, port }: MeshedEndpoint): string {
  return `${ip} ${port}`;
}
