import { meshNamespace, meshPorts } from "../names.ts";
import { anything, type RequestAnswer } from "./answers.ts";
import { client, identities, nameWorkload, type Cast } from "./cast.ts";
import { applicationPort, serviceAddress } from "./lab.ts";
import { layout } from "./network.ts";
import { call, demand, demandRefusal, readEcho, request } from "./questions.ts";

const rotations = 2;

/** The machine's application calls the mesh, and knows of no mesh. */
export async function callOut({ lab }: Cast, signal: AbortSignal): Promise<string> {
  const answer = await request(lab, { at: lab.network.machine, words: [`http://${serviceAddress}/`] }, signal);
  const { identity, tlsVersion } = readEcho(answer);
  demand(identity === identities.machine, `the far end saw ${identity ?? "nobody"}, not ${identities.machine}`);
  demand(tlsVersion === "TLSv1.3", `the far end saw ${tlsVersion ?? "no TLS"}`);
  return `the far end saw ${identity} over ${tlsVersion}`;
}

/** A pod of the mesh calls the machine. */
export async function callIn(cast: Cast, signal: AbortSignal): Promise<string> {
  const answer = await call(cast.lab, [], signal);
  const seen = readEcho(answer).headers["l5d-client-id"];
  demand(answer.identity === identities.machine, `the machine's proxy is ${answer.identity ?? "nobody"}`);
  demand(seen === client, `the application saw ${String(seen)} as caller, not ${client}`);
  cast.serial = answer.serial;
  return `${answer.identity} over ${answer.tlsVersion ?? ""}; its application saw ${client}`;
}

/** Somebody without TLS tries the proxy and the application. */
export async function callPlain({ lab }: Cast, signal: AbortSignal): Promise<string> {
  const ports = [meshPorts.peerProxy, applicationPort];
  const answers = await Promise.all(ports.map((port) => request(lab, { at: lab.network.mesh, words: [`http://${layout.machine}:${port}/`] }, signal)));
  return answers.map((answer, index) => `port ${ports[index] ?? 0}: ${demandRefusal(answer)}`).join("; ");
}

/** Somebody of the mesh tries who has no permission. */
export async function callAsStranger({ lab }: Cast, signal: AbortSignal): Promise<string> {
  return `stranger.${meshNamespace}: ${demandRefusal(await call(lab, ["--as", "stranger"], signal))}`;
}

/** Certificates change while requests go both ways. */
export async function rotate(cast: Cast, signal: AbortSignal): Promise<string> {
  const { lab } = cast;
  const toMachine = ["--workload", nameWorkload(cast, "machine")];
  const load = new AbortController();
  const counts = Promise.all([
    keepAsking(() => call(lab, toMachine, signal), load.signal),
    keepAsking(() => request(lab, { at: lab.network.machine, words: [`http://${serviceAddress}/`] }, signal), load.signal),
  ]);
  const serials = new Set([cast.serial]);
  for (let turn = 0; turn < rotations; turn += 1) {
    await lab.ask(lab.network.mesh, ["simulate", "set", "identity", "rotate", "--dir", lab.meshFolder], { schema: anything, signal });
    serials.add((await call(lab, [...toMachine, "--session", "bytes"], signal)).serial);
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
