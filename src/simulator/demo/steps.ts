import { groupsSchema } from "../../registration/directory.ts";
import { createCast, identities, nameWorkload, waitForWorkload, type Cast } from "./cast.ts";
import type { Lab } from "./lab.ts";
import { editGroup, expire, fail, joinSecond, kill, leave, recover } from "./life-steps.ts";
import { layout } from "./network.ts";
import type { Step } from "./play.ts";
import { demand, waitForStatus } from "./questions.ts";
import { story, storyIds, type StoryId } from "./story.ts";
import { callAsStranger, callIn, callOut, callPlain, rotate } from "./traffic-steps.ts";

const appearWait = 20_000;

/** The demo's story, step by step; programs are started on the stack. */
export function tellStory(lab: Lab, stack: AsyncDisposableStack): readonly Step[] {
  const cast = createCast(lab, stack);
  const shows: Readonly<Record<StoryId, Step["show"]>> = {
    mesh: (signal) => startMesh(cast, signal),
    group: (signal) => showGroup(cast, signal),
    identity: (signal) => join(cast, signal),
    registered: (signal) => showRegistered(cast, signal),
    proxy: async (signal) => (await waitForStatus(lab, ({ proxy }) => proxy.good, { signal })).proxy.detail,
    redirect: async (signal) => `nftables table ${(await waitForStatus(lab, ({ redirect }) => redirect.good, { signal })).redirect.detail}`,
    ready: (signal) => showReady(cast, signal),
    outbound: (signal) => callOut(cast, signal),
    inbound: (signal) => callIn(cast, signal),
    plaintext: (signal) => callPlain(cast, signal),
    permission: (signal) => callAsStranger(cast, signal),
    edit: (signal) => editGroup(cast, signal),
    failing: (signal) => fail(cast, signal),
    back: (signal) => recover(cast, signal),
    second: (signal) => joinSecond(cast, signal),
    killed: () => kill(cast),
    rotation: (signal) => rotate(cast, signal),
    expired: (signal, say) => expire(cast, signal, say),
    leave: (signal) => leave(cast, signal),
  };
  return storyIds.map((id) => ({ id, title: story[id], show: shows[id] }));
}

async function startMesh({ lab, stack, sightings }: Cast, signal: AbortSignal): Promise<string> {
  await lab.startMesh(stack, signal, "own");
  await Promise.all([lab.startWatch(stack, signal, (line) => sightings.take(line)), lab.startApplication(stack, signal)]);
  return `issuer, destination, policy, registration and an echo service at ${layout.mesh}`;
}

async function showGroup({ lab }: Cast, signal: AbortSignal): Promise<string> {
  const { groups: [group] } = await lab.ask(lab.network.mesh, ["group", "list"], { schema: groupsSchema, signal });
  demand(group !== undefined, "there is no group");
  return `${group.namespace}/${group.name}: ${group.identities.join(", ")}; probe ${group.probe?.action ?? "none"}`;
}

async function join(cast: Cast, signal: AbortSignal): Promise<string> {
  cast.harnesses.machine = await cast.lab.startHarness(cast.stack, signal);
  return (await waitForStatus(cast.lab, ({ identity }) => identity.good, { signal })).identity.detail;
}

async function showRegistered(cast: Cast, signal: AbortSignal): Promise<string> {
  const { workload } = await waitForWorkload(cast, { at: "machine", what: "there", is: () => true, milliseconds: appearWait }, signal);
  const [first] = cast.sightings.list(identities.machine);
  demand(first?.startsWith("False") === true, `it appeared as Ready ${first ?? ""}`);
  return `${nameWorkload(cast, "machine")} at ${workload.addresses.join(", ")}: Ready ${first}`;
}

async function showReady(cast: Cast, signal: AbortSignal): Promise<string> {
  const { state } = await waitForStatus(cast.lab, ({ ready }) => ready, { signal });
  await waitForWorkload(cast, { at: "machine", what: "ready", is: ({ workload }) => workload.ready, milliseconds: appearWait }, signal);
  return `Ready ${cast.sightings.list(identities.machine).join(" → ")}; GET /ready is 200 in state ${state}`;
}
