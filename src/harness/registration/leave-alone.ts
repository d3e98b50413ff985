import { untilAborted } from "../../base/abort.ts";
import { MeshError } from "../../model/errors.ts";
import type { Settings } from "../../model/settings/settings.ts";
import type { Host } from "../../platform/host.ts";
import { credentialsOf, identityOptionsOf, watchIdentity, type Identity } from "../../spiffe/identity-watch.ts";
import { keepLastAnswers } from "./keep-last-answers.ts";

/** What leaving without a harness came to; undefined when nothing was ever registered from this state folder. */
export type LeftAlone = { readonly workload: string; readonly noticed: number } | undefined;

/**
 * Takes back what the last harness of this machine registered, while none runs: with the identity that SPIRE gives us
 * and the last answer in the state folder. Throws HARNESS_RUNNING, what SPIRE says, or what the service says.
 */
export async function leaveAlone(host: Host, settings: Settings, signal: AbortSignal): Promise<LeftAlone> {
  const { stateDir } = settings;
  await using lock = await host.files.lock(`${stateDir}/lock`);
  if (lock === undefined) throw new MeshError("HARNESS_RUNNING", { doing: "leaving", what: "a harness of this machine runs, and does not answer where its settings say", target: stateDir });
  const lastAnswers = keepLastAnswers(host, stateDir);
  const last = await lastAnswers.read();
  if (last === undefined) return undefined;
  const identity = await untilAborted(readIdentity(host, settings, signal), signal);
  const [{ openRegistrationClient }, { leaveByLastAnswer }] = await Promise.all([import("../../registration/client.ts"), import("./dynamic.ts")]);
  using client = openRegistrationClient({
    address: settings.controlAddress, serverName: settings.controlServerName, clock: host.clock, log: host.log, identity: () => credentialsOf(identity),
  });
  const { namespace, name } = last.answer.workload;
  return { workload: `${namespace}/${name}`, noticed: await leaveByLastAnswer(client, { last, lastAnswers }, signal) };
}

async function readIdentity(host: Host, settings: Settings, signal: AbortSignal): Promise<Identity> {
  for await (const news of watchIdentity(host, identityOptionsOf(settings), signal)) {
    if (news.kind === "identity") return news.identity;
    // Whoever waits at a prompt is told at once; only the harness goes on trying.
    throw news.error;
  }
  throw signal.reason;
}
