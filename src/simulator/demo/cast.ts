import { MeshError } from "../../model/errors.ts";
import { defaultNames, machineNames, meshNamespace, serviceAccountName } from "../names.ts";
import { machines, type Lab, type MachineName, type Running } from "./lab.ts";
import { renderSighting, Sightings, type Sighting } from "./sightings.ts";

/** Who plays in the demo, and what the steps know of each other. */
export interface Cast {
  readonly lab: Lab;
  /** Programs are started on it. */
  readonly stack: AsyncDisposableStack;
  readonly sightings: Sightings;
  readonly harnesses: Partial<Record<MachineName, Running>>;
  /** Certificate that the first machine showed, by its serial. */
  serial?: string | undefined;
}

/** SPIFFE ids of the machines. */
export const identities: Readonly<Record<MachineName, string>> = {
  machine: machineNames(defaultNames, machines.machine.number).identity, second: machineNames(defaultNames, machines.second.number).identity,
};

/** Identity of the mesh's own client. */
export const client = serviceAccountName("client", meshNamespace, defaultNames);

/** A cast before the first step. */
export function createCast(lab: Lab, stack: AsyncDisposableStack): Cast {
  return { lab, stack, sightings: new Sightings(), harnesses: {} };
}

/** Name of a machine's workload, as commands take it; DEMO_FAILED before it was seen. */
export function nameWorkload({ sightings }: Cast, at: MachineName): string {
  const seen = sightings.last(identities[at]);
  if (seen === undefined) throw new MeshError("DEMO_FAILED", { doing: "looking at the workloads", what: "the machine has none" });
  return `${seen.workload.namespace}/${seen.workload.name}`;
}

/** What a workload is waited for to be. */
export interface Wanted {
  readonly at: MachineName;
  /** The wish in words, for whoever waits in vain. */
  readonly what: string;
  readonly is: (seen: Sighting) => boolean;
  readonly milliseconds: number;
}

/** Waits for a workload to be seen so; DEMO_FAILED with what was seen instead. */
export async function waitForWorkload({ sightings }: Cast, { at, what, is, milliseconds }: Wanted, signal: AbortSignal): Promise<Sighting> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(milliseconds)]);
  return sightings.until(identities[at], is, bounded).catch((cause: unknown) => {
    signal.throwIfAborted();
    const last = sightings.last(identities[at]);
    throw new MeshError("DEMO_FAILED", { doing: `waiting for a workload to be ${what}`, what: last === undefined ? "it did not appear" : `it is ${renderSighting(last)}`, cause });
  });
}
