import { MeshError } from "../../model/errors.ts";
import { defaultNames, machineNames, meshNamespace, meshPorts, serviceAccountName } from "../names.ts";
import { anything, echoBody, machineStatus, requestAnswer, type MachineStatus, type RequestAnswer } from "./answers.ts";
import { applicationPort, meshUser, serviceAddress, type Lab, type Running } from "./lab.ts";
import { layout } from "./network.ts";
import type { Step } from "./play.ts";

/** Programs that run while the demo plays. */
interface Cast {
  harness?: Running;
  /** Certificate that the machine showed, by its serial. */
  serial?: string | undefined;
}

const machine = machineNames(defaultNames);
const client = serviceAccountName("client", meshNamespace, defaultNames);
const throughProxy = ["--to", `${layout.machine}:${meshPorts.peerProxy}`];
const rotations = 3;

/** The demo's story, step by step; programs are started on the stack. */
export function tellStory(lab: Lab, stack: AsyncDisposableStack): readonly Step[] {
  const cast: Cast = {};
  return [
    { id: "mesh", title: "A small mesh runs beside this machine", show: (signal) => startMesh(lab, stack, signal) },
    { id: "identity", title: "The machine has an identity", show: (signal) => join(lab, stack, { cast, signal }) },
    { id: "proxy", title: "The proxy has a certificate and is ready", show: async (signal) => (await waitForStatus(lab, ({ proxy }) => proxy.good, signal)).proxy.detail },
    { id: "redirect", title: "Traffic goes through the proxy", show: async (signal) => `nftables table ${(await waitForStatus(lab, ({ redirect }) => redirect.good, signal)).redirect.detail}` },
    { id: "ready", title: "The machine is ready", show: async (signal) => `GET /ready is 200 in state ${(await waitForStatus(lab, ({ ready }) => ready, signal)).state}` },
    { id: "outbound", title: "The machine calls the mesh over mTLS", show: (signal) => callOut(lab, signal) },
    { id: "inbound", title: "The mesh calls the machine over mTLS", show: (signal) => callIn(lab, cast, signal) },
    { id: "plaintext", title: "Plaintext to the machine is refused", show: (signal) => callPlain(lab, signal) },
    { id: "permission", title: "An identity without permission is refused", show: (signal) => callAsStranger(lab, signal) },
    { id: "rotation", title: "Certificates change under steady requests, none is lost", show: (signal) => rotate(lab, cast, signal) },
    { id: "leave", title: "The machine drains and leaves", show: (signal) => leave(lab, cast, signal) },
  ];
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
  const [inward = 0, outward = 0] = await counts;
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
  const processes = await lab.network.machine.run({ file: "pgrep", args: ["-u", String(meshUser)] }, signal);
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
