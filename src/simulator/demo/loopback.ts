import { firstX509Context } from "../../spiffe/workload-api.ts";
import type { Host, Log } from "../../platform/host.ts";
import { MeshError } from "../../model/errors.ts";
import { askSimulator, issuedSchema, simulatorStatusSchema } from "../control-socket.ts";
import { callMeshed } from "../mesh/meshed-call.ts";
import { defaultNames, meshNamespace, meshPorts, serviceAccountName } from "../names.ts";
import { openSimulator } from "../run-simulator.ts";
import type { Step } from "./play.ts";
import type { Stage } from "./stage.ts";
import { story, storyIds, type StoryId } from "./story.ts";
import { renderSocketAddress, socketPathOf } from "../socket-path.ts";

/** A loopback address that no other program is likely to listen on, so that Linkerd's own ports are free there. */
const address = "127.90.0.1";

/** The steps tell what happens; the simulator's own log would stand between them. */
const quiet: Log = { write: () => undefined, child: () => quiet };

/** What can be shown without a network of one's own; the rest names its reason. Programs are started on the stack. */
export function tellOnLoopback(host: Host, folder: string, { why, remedy, stack }: Extract<Stage, { kind: "loopback" }> & { readonly stack: AsyncDisposableStack }): readonly Step[] {
  const shows: Partial<Readonly<Record<StoryId, Step["show"]>>> = {
    mesh: () => startMesh(host, folder, stack),
    group: (signal) => showGroup(folder, signal),
    identity: (signal) => fetchIdentity(host, folder, signal),
    outbound: (signal) => callEcho(folder, signal),
  };
  return storyIds.map((id) => {
    const show = shows[id];
    // Without a redirect it is the mesh that speaks with itself; the title of the full demo would say too much.
    const title = id === "outbound" ? "A client calls the mesh over mTLS" : story[id];
    return show === undefined ? { id, title: story[id], show: () => Promise.resolve(""), obstacle: { why, remedy } } : { id, title, show };
  });
}

async function startMesh(host: Host, folder: string, stack: AsyncDisposableStack): Promise<string> {
  stack.use(await openSimulator({
    host: { ...host, log: quiet }, names: defaultNames, folder: `${folder}/mesh`, listen: address, serviceAddress: address, machinesAddress: address, machineAddresses: [address],
    applicationPort: meshPorts.application, ttl: 3_600_000, registration: { kind: "own", groupsDir: undefined },
  }));
  return `issuer, destination, policy, registration and an echo service at ${address}`;
}

async function showGroup(folder: string, signal: AbortSignal): Promise<string> {
  const { registration } = simulatorStatusSchema.parse(await askSimulator(`${folder}/mesh`, { path: "/status" }, signal));
  if (registration === undefined) throw new MeshError("DEMO_FAILED", { doing: "looking for the group", what: "no registration service runs" });
  return `${registration.group}; machines would register at ${registration.address}`;
}

async function fetchIdentity({ clock, log }: Host, folder: string, signal: AbortSignal): Promise<string> {
  const source = { address: renderSocketAddress(socketPathOf(`${folder}/mesh`, "workload-api")), clock, log, random: () => 0.5 };
  const { svids } = await firstX509Context(source, AbortSignal.any([signal, AbortSignal.timeout(5000)]));
  return svids.map(({ id, expiresAt }) => `${id} until ${expiresAt.toISOString()}`).join(", ");
}

async function callEcho(folder: string, signal: AbortSignal): Promise<string> {
  const identity = serviceAccountName("client", meshNamespace, defaultNames);
  const echo = serviceAccountName("echo", meshNamespace, defaultNames);
  const issued = issuedSchema.parse(await askSimulator(`${folder}/mesh`, { path: "/issue", body: { identity } }, signal));
  const answer = await callMeshed({
    to: { ip: address, port: meshPorts.peerProxy }, serverName: echo, serverIdentity: echo, port: meshPorts.peerApplication, path: "/",
    session: "http2", credentials: issued, rootPem: issued.rootPem,
  }, AbortSignal.any([signal, AbortSignal.timeout(5000)]));
  if (answer.status !== 200) throw new MeshError("DEMO_FAILED", { doing: "calling the echo service", what: `status ${answer.status}` });
  return `${identity} and ${answer.identity ?? ""} over ${answer.tlsVersion}`;
}
