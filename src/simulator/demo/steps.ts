import { MeshError } from "../../model/errors.ts";
import { defaultNames, machineNames, meshNamespace, meshPorts, serviceAccountName } from "../names.ts";
import { anything, echoBody, machineStatus, requestAnswer, type MachineStatus, type RequestAnswer } from "./answers.ts";
import { applicationPort, meshUser, serviceAddress, type Lab, type Running } from "./lab.ts";
import { layout } from "./network.ts";
import type { Step } from "./play.ts";
import { story, storyIds, type StoryId } from "./story.ts";

/** Programs that run while the demo plays. */
interface Cast {
  harness?: Running;
  /** Certificate that the machine showed, by its serial. */
  serial?: string | undefined;
}

const machine = machineNames(defaultNames);
const client = serviceAccountName("client", meshNamespace, defaultNames);
const throughProxy = ["--to", `${layout.machine}:${meshPorts.peerProxy}`];
const rotations = 2;

// Those of this network alone: another demo may play beside this one, under the same number.
const listOwnProcesses = 'for p in /proc/[0-9]*; do [ "$p/ns/net" -ef /proc/self/ns/net ] && [ "$(stat -c %u "$p")" = "$0" ] && echo "${p#/proc/}"; done; true';

/** The demo's story, step by step; programs are started on the stack. */
export function tellStory(lab: Lab, stack: AsyncDisposableStack): readonly Step[] {
  const cast: Cast = {};
  const shows: Readonly<Record<StoryId, Step["show"]>> = {
    mesh: (signal) => startMesh(lab, stack, signal),
    identity: (signal) => join(lab, stack, { cast, signal }),
    proxy: async (signal) => (await waitForStatus(lab, ({ proxy }) => proxy.good, signal)).proxy.detail,
    redirect: async (signal) => `nftables table ${(await waitForStatus(lab, ({ redirect }) => redirect.good, signal)).redirect.detail}`,
    ready: async (signal) => `GET /ready is 200 in state ${(await waitForStatus(lab, ({ ready }) => ready, signal)).state}`,
    outbound: (signal) => callOut(lab, signal),
    inbound: (signal) => callIn(lab, cast, signal),
    plaintext: (signal) => callPlain(lab, signal),
    permission: (signal) => callAsStranger(lab, signal),
    rotation: (signal) => rotate(lab, cast, signal),
    leave: (signal) => leave(lab, cast, signal),
  };
  return storyIds.map((id) => ({ id, title: story[id], show: shows[id] }));
}

async function startMesh(lab: Lab, stack: AsyncDisposableStack, signal: AbortSignal): Promise<string> {
  await lab.startMesh(stack, signal);
  await lab.startApplication(stack, signal);
  return `issuer, destination, policy and an echo service at ${layout.mesh}`;
}

async function join(lab: Lab, stack: AsyncDisposableStack, { cast, signal }: { readonly cast: Cast; readonly signal: AbortSignal }): Promise<string> {
  cast.harness = await lab.startHarness(stack, signal);
  return (await waitForStatus(lab, ({ identity }) => identity.good, signal)).identity.detail;
}

async function callOut(lab: Lab, signal: AbortSignal): Promise<string> {
  const answer = await lab.ask(lab.network.machine, ["simulate", "request", `http://${serviceAddress}/`], { schema: requestAnswer, signal });
  const { identity, tlsVersion } = readEcho(answer);
  demand(identity === machine.identity, `the far end saw ${identity ?? "nobody"}, not ${machine.identity}`);
  demand(tlsVersion === "TLSv1.3", `the far end saw ${tlsVersion ?? "no TLS"}`);
  return `the far end saw ${identity ?? ""} over ${tlsVersion ?? ""}`;
}

async function callIn(lab: Lab, cast: Cast, signal: AbortSignal): Promise<string> {
  const answer = await call(lab, [], signal);
  const seen = readEcho(answer).headers["l5d-client-id"];
  demand(answer.identity === machine.identity, `the machine's proxy is ${answer.identity ?? "nobody"}`);
  demand(seen === client, `the application saw ${String(seen)} as caller, not ${client}`);
  cast.serial = answer.serial;
  return `${answer.identity ?? ""} over ${answer.tlsVersion ?? ""}; its application saw ${client}`;
}

async function callPlain(lab: Lab, signal: AbortSignal): Promise<string> {
  const ports = [meshPorts.peerProxy, applicationPort];
  const answers = await Promise.all(ports.map((port) => lab.ask(lab.network.mesh, ["simulate", "request", `http://${layout.machine}:${port}/`], { schema: requestAnswer, signal })));
  return answers.map((answer, index) => `port ${ports[index] ?? 0}: ${demandRefusal(answer)}`).join("; ");
}

async function callAsStranger(lab: Lab, signal: AbortSignal): Promise<string> {
  return `stranger.${meshNamespace}: ${demandRefusal(await call(lab, ["--as", "stranger"], signal))}`;
}

async function rotate(lab: Lab, cast: Cast, signal: AbortSignal): Promise<string> {
  const load = new AbortController();
  const counts = Promise.all([
    keepAsking(() => call(lab, [], signal), load.signal),
    keepAsking(() => lab.ask(lab.network.machine, ["simulate", "request", `http://${serviceAddress}/`], { schema: requestAnswer, signal }), load.signal),
  ]);
  const serials = new Set([cast.serial]);
  for (let turn = 0; turn < rotations; turn += 1) {
    await lab.ask(lab.network.mesh, ["simulate", "set", "identity", "rotate", "--dir", `${lab.folder}/mesh`], { schema: anything, signal });
    serials.add((await call(lab, ["--session", "bytes"], signal)).serial);
  }
  load.abort();
  const [inward, outward] = await counts;
  demand(serials.size > rotations, `${serials.size} certificates were seen after ${rotations} rotations`);
  return `${rotations} rotations, each seen; ${inward} requests to the machine and ${outward} from it, all answered`;
}

/** Asks again and again until told to stop; every answer must be good. */
async function keepAsking(ask: () => Promise<RequestAnswer>, signal: AbortSignal): Promise<number> {
  let answered = 0;
  while (!signal.aborted) {
    const answer = await ask();
    demand(answer.ok, `a request was lost: ${answer.error ?? `status ${answer.status ?? 0}`}`);
    answered += 1;
  }
  return answered;
}

async function leave(lab: Lab, { harness }: Cast, signal: AbortSignal): Promise<string> {
  if (harness === undefined) throw new MeshError("DEMO_FAILED", { doing: "leaving", what: "no harness runs" });
  const began = lab.clock.monotonic();
  harness.child.signal("terminate");
  signal.throwIfAborted();
  const { code, signal: killedBy } = await harness.exited;
  demand(code === 0, `the harness ended with ${killedBy ?? `exit code ${code ?? ""}`}`);
  const rules = await lab.network.machine.run({ file: "nft", args: ["list", "tables"] }, signal);
  demand(rules.stdout.trim() === "", `rules are left: ${rules.stdout.trim()}`);
  const processes = await lab.network.machine.run({ file: "sh", args: ["-c", listOwnProcesses, String(meshUser)] }, signal);
  demand(processes.stdout.trim() === "", `processes are left: ${processes.stdout.trim().replaceAll("\n", ", ")}`);
  return `in ${Math.round(lab.clock.monotonic() - began)} ms; no rule and no process of it is left`;
}

function call(lab: Lab, words: readonly string[], signal: AbortSignal): Promise<RequestAnswer> {
  return lab.ask(lab.network.mesh, ["simulate", "call", ...throughProxy, "--dir", `${lab.folder}/mesh`, ...words], { schema: requestAnswer, signal });
}

async function waitForStatus(lab: Lab, is: (status: MachineStatus) => boolean, signal: AbortSignal): Promise<MachineStatus> {
  const bounded = AbortSignal.any([signal, AbortSignal.timeout(15_000)]);
  let last: MachineStatus | undefined;
  for (;;) {
    try {
      last = await lab.ask(lab.network.machine, ["status"], { schema: machineStatus, signal: bounded });
      if (is(last)) return last;
      await lab.clock.sleep(50, bounded);
    } catch (error) {
      if (bounded.aborted && last !== undefined) throw new MeshError("DEMO_FAILED", { doing: "waiting for the machine", what: last.reason ?? last.state, cause: error });
      if (bounded.aborted) throw error;
    }
  }
}

function readEcho(answer: RequestAnswer): ReturnType<typeof echoBody.parse> {
  demand(answer.ok, answer.error ?? `status ${answer.status ?? 0}: ${answer.body ?? ""}`);
  return echoBody.parse(JSON.parse(answer.body ?? "{}"));
}

/** How the far end said no. */
function demandRefusal(answer: RequestAnswer): string {
  demand(!answer.ok, `it was let in: ${answer.body ?? ""}`);
  return answer.error ?? `status ${answer.status ?? 0}`;
}

function demand(condition: boolean, otherwise: string): void {
  if (!condition) throw new MeshError("DEMO_FAILED", { doing: "looking at what happened", what: otherwise });
}
