import { MeshError } from "../../model/errors.ts";
import type { Exit } from "../../platform/host.ts";
import { anything, type RequestAnswer } from "./answers.ts";
import { identities, nameWorkload, waitForWorkload, type Cast } from "./cast.ts";
import { applicationPort, machinesAddress, meshUser, type MachineName, type Running } from "./lab.ts";
import { layout } from "./network.ts";
import type { Say } from "./play.ts";
import { call, demand, demandRefusal, readEcho, request, waitForStatus } from "./questions.ts";
import { renderSighting } from "./sightings.ts";

// Those of this network alone: another demo may play beside this one, under the same number.
const listOwnProcesses = 'for p in /proc/[0-9]*; do [ "$p/ns/net" -ef /proc/self/ns/net ] && [ "$(stat -c %u "$p")" = "$0" ] && echo "${p#/proc/}"; done; true';

/** How many calls show that nobody is sent to a dead machine. */
const callsAfterDeath = 3;
const newLabel = { key: "tier", value: "gold" } as const;
const soon = 20_000;
/** Half as long again as the lease, the service's own turn, and patience for a slow machine. */
const expiryWait = 60_000;
const sayEvery = 5000;

/** Whoever looks after the group gives it another label. */
export async function editGroup(cast: Cast, signal: AbortSignal): Promise<string> {
  const { lab } = cast;
  const began = lab.clock.monotonic();
  const file = `${lab.meshFolder}/groups/machines.yaml`;
  const { code, stderr } = await lab.network.mesh.run({ file: "sed", args: ["-i", `s/labels: {/labels: { ${newLabel.key}: ${newLabel.value},/`, file] }, signal);
  demand(code === 0, stderr.trim());
  const seen = await waitForWorkload(cast, { at: "machine", what: "labelled", is: ({ workload }) => workload.labels[newLabel.key] === newLabel.value, milliseconds: soon }, signal);
  return `${seen.workload.name} has the label ${newLabel.key}=${newLabel.value} after ${seconds(cast, began)}, and is still Ready ${renderSighting(seen)}`;
}

/** The application's probe begins to fail. */
export async function fail(cast: Cast, signal: AbortSignal): Promise<string> {
  const began = cast.lab.clock.monotonic();
  await setReadiness(cast, "off", signal);
  const { workload } = await waitForWorkload(cast, { at: "machine", what: "not ready", is: (seen) => !seen.workload.ready, milliseconds: soon }, signal);
  const took = seconds(cast, began);
  const refusal = demandRefusal(await call(cast.lab, [], signal));
  return `Ready False ${workload.reason} after ${took}; a caller hears: ${refusal}`;
}

/** The application's probe is good again. */
export async function recover(cast: Cast, signal: AbortSignal): Promise<string> {
  const began = cast.lab.clock.monotonic();
  await setReadiness(cast, "on", signal);
  const seen = await waitForWorkload(cast, { at: "machine", what: "ready", is: ({ workload }) => workload.ready, milliseconds: soon }, signal);
  const took = seconds(cast, began);
  readEcho(await call(cast.lab, [], signal));
  return `Ready ${renderSighting(seen)} after ${took}; calls are answered`;
}

/** Another machine joins the group, with a name, a state and an identity of its own. */
export async function joinSecond(cast: Cast, signal: AbortSignal): Promise<string> {
  const { lab, stack } = cast;
  await lab.startApplication(stack, signal, "second");
  cast.harnesses.second = await lab.startHarness(stack, signal, "second");
  await waitForStatus(lab, ({ ready }) => ready, { signal, at: "second" });
  await waitForWorkload(cast, { at: "second", what: "ready", is: ({ workload }) => workload.ready, milliseconds: soon }, signal);
  const names = (["machine", "second"] as const).map((at) => nameWorkload(cast, at));
  for (const name of names) readEcho(await call(lab, ["--workload", name], signal));
  await callEachOther(cast, { from: "machine", to: "second" }, signal);
  await callEachOther(cast, { from: "second", to: "machine" }, signal);
  // Its proxy follows the Service from now on.
  readEcho(await callMachines(cast, signal));
  return `${names.join(" and ")} are ready, answer as themselves and reach each other`;
}

/** The second machine ends as by a power cut. */
export async function kill(cast: Cast): Promise<string> {
  const { child, exited } = readHarness(cast, "second");
  child.signal("kill");
  const { signal } = await exited;
  return `harness and proxy ended by ${signal ?? "themselves"}; its workload still says Ready ${describe(cast, "second")}`;
}

/** The service gives the dead machine up. */
export async function expire(cast: Cast, signal: AbortSignal, say: Say): Promise<string> {
  const { lab } = cast;
  const told = new AbortController();
  const expired = waitForWorkload(cast, { at: "second", what: "expired", is: ({ workload, gone }) => gone || !workload.ready, milliseconds: expiryWait }, signal);
  void tellWaiting(cast, AbortSignal.any([signal, told.signal]), say);
  const { workload } = await expired.finally(() => told.abort());
  const silent = workload.lease.renewedAt === undefined ? "" : ` ${Math.round((lab.clock.now().getTime() - new Date(workload.lease.renewedAt).getTime()) / 1000)} s after it was last heard`;
  for (let turn = 0; turn < callsAfterDeath; turn += 1) {
    const [{ identity }, fromMachine] = await Promise.all([call(lab, [], signal), callMachines(cast, signal)]);
    demand(identity === identities.machine, `a caller was sent to ${identity ?? "nobody"}`);
    readEcho(fromMachine);
  }
  return `Ready False ${workload.reason}${silent}; ${2 * callsAfterDeath} calls of the Service, all answered by the other machine`;
}

/** The first machine goes for good, and takes everything along. */
export async function leave(cast: Cast, signal: AbortSignal): Promise<string> {
  const { lab } = cast;
  const { exited } = readHarness(cast, "machine");
  const began = lab.clock.monotonic();
  await lab.ask(lab.network.machine, ["leave", ...lab.machineWords("machine")], { schema: anything, signal });
  demandGoodEnd(await exited);
  const gone = await waitForWorkload(cast, { at: "machine", what: "deleted", is: (seen) => seen.gone, milliseconds: soon + expiryWait }, signal);
  const took = seconds(cast, began);
  const rules = await lab.network.machine.run({ file: "nft", args: ["list", "tables"] }, signal);
  demand(rules.stdout.trim() === "", `rules are left: ${rules.stdout.trim()}`);
  const processes = await lab.network.machine.run({ file: "sh", args: ["-c", listOwnProcesses, String(meshUser)] }, signal);
  demand(processes.stdout.trim() === "", `processes are left: ${processes.stdout.trim().replaceAll("\n", ", ")}`);
  return `${cast.sightings.list(identities.machine).slice(-2).join(" → ")} (${gone.workload.name}) after ${took}; no rule and no process of it is left`;
}

/** A machine's application calls the other's at its own address: plaintext would be refused there. */
async function callEachOther({ lab }: Cast, { from, to }: { readonly from: MachineName; readonly to: MachineName }, signal: AbortSignal): Promise<void> {
  const { address } = readEcho(await request(lab, { at: lab.network[from], words: [`http://${layout[to]}:${applicationPort}/`] }, signal));
  demand(address === layout[to], `the call ended at ${address ?? "nobody"}`);
}

/** The first machine's application calls the Service of all machines. */
function callMachines({ lab }: Cast, signal: AbortSignal): Promise<RequestAnswer> {
  return request(lab, { at: lab.network.machine, words: [`http://${machinesAddress}/`] }, signal);
}

async function setReadiness({ lab }: Cast, state: "on" | "off", signal: AbortSignal): Promise<void> {
  readEcho(await request(lab, { at: lab.network.machine, words: ["--method", "POST", `http://127.0.0.1:${applicationPort}/ready/${state}`] }, signal));
}

/** Tells every few seconds that the lease is waited for. */
async function tellWaiting(cast: Cast, signal: AbortSignal, say: Say): Promise<void> {
  const began = cast.lab.clock.monotonic();
  while (!signal.aborted) {
    say(`its workload says Ready ${describe(cast, "second")}, ${seconds(cast, began)} so far`);
    await cast.lab.clock.sleep(sayEvery, signal).catch(() => undefined);
  }
}

function describe({ sightings }: Cast, at: MachineName): string {
  const seen = sightings.last(identities[at]);
  return seen === undefined ? "nothing" : renderSighting(seen);
}

function seconds({ lab }: Cast, began: number): string {
  return `${((lab.clock.monotonic() - began) / 1000).toFixed(1)} s`;
}

function demandGoodEnd({ code, signal }: Exit): void {
  demand(code === 0, `the harness ended with ${signal ?? `exit code ${code ?? ""}`}`);
}

function readHarness({ harnesses }: Cast, at: MachineName): Running {
  const found = harnesses[at];
  if (found !== undefined) return found;
  throw new MeshError("DEMO_FAILED", { doing: "ending a machine", what: "no harness runs" });
}
