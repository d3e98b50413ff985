import { MeshError } from "../model/errors.ts";
import type { Svid } from "./svid.ts";
import type { X509Context } from "./x509-context.ts";

/** The identity this machine takes: the wanted one, or else the only one. */
export function selectSvid(context: X509Context, wanted: string | undefined): Svid {
  return wanted === undefined ? selectOnly(context) : selectWanted(context, wanted);
}

function selectWanted(context: X509Context, wanted: string): Svid {
  const found = context.svids.find(({ id }) => id === wanted);
  if (found !== undefined) return found;
  const refused = context.refused?.find(({ id }) => id === wanted);
  if (refused !== undefined) throw refused.error;
  const ids = listIds(context);
  if (ids.length === 0) throw none(wanted);
  throw new MeshError("SVID_OTHER_ID", {
    doing: "choosing this machine's identity",
    what: `SPIRE does not offer ${wanted}`,
    target: wanted,
    remedy: `SPIRE offers ${ids.join(", ")}: set WORKLOAD_IDENTITY to one of them, or create the entry with \`spire-server entry create -spiffeID ${wanted} …\`.`,
  });
}

function selectOnly(context: X509Context): Svid {
  const ids = listIds(context);
  if (ids.length === 0) throw none(undefined);
  const [first] = context.svids;
  if (ids.length === 1 && first !== undefined) return first;
  if (ids.length === 1 && context.refused?.[0] !== undefined) throw context.refused[0].error;
  throw new MeshError("SVID_AMBIGUOUS", {
    doing: "choosing this machine's identity",
    what: `SPIRE offers ${ids.length} identities and WORKLOAD_IDENTITY has no value`,
    remedy: `Set WORKLOAD_IDENTITY to one of ${ids.join(", ")}, or make the selectors of the others narrower.`,
  });
}

function none(wanted: string | undefined): MeshError {
  return new MeshError("SVID_NONE", {
    doing: "choosing this machine's identity",
    what: "SPIRE offers no identity to this process (ids seen: none)",
    ...(wanted === undefined ? {} : { target: wanted, remedy: `Create the entry with \`spire-server entry create -spiffeID ${wanted} …\`.` }),
  });
}

/**
 * Every id once, those of no use too, or else the choice would depend on which of them is broken today.
 * Two entries may give the same identity under different hints.
 */
function listIds({ svids, refused = [] }: X509Context): readonly string[] {
  return [...new Set([...svids, ...refused].map(({ id }) => id))];
}
