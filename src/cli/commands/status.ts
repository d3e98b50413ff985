import { MeshError } from "../../model/errors.ts";
import { parseStatus, statusSchema } from "../../harness/status-schema.ts";
import type { PartStatus, Status } from "../../harness/status.ts";
import type { Command, CommandContext } from "../command.ts";
import { readResolution } from "../config/resolve-settings.ts";
import { adminAddress } from "../redirect/look.ts";
import { saidBy } from "../settings.ts";

// A living harness answers from memory; two seconds are for a machine that is busy.
const patience = 2000;

/** How the running harness stands. */
export const status: Command = {
  name: ["status"],
  describe: "Show how the harness stands: identity, registration, proxy, redirect, application",
  takesSettings: "machine",
  examples: [
    { line: "linkerd-mesh status", does: "Shows one screen; ends with 1 when this machine is not part of the mesh" },
    { line: "linkerd-mesh status --output json", does: "Prints the same for a script" },
  ],
  output: statusSchema,
  render: renderStatusScreen,
  async run(context) {
    const answer = await askStatus(context);
    context.result(answer);
    return answer.ready ? 0 : 1;
  },
};

async function askStatus({ host, options, signal }: CommandContext): Promise<Status> {
  // Not context.settings(): a mistake elsewhere in the settings must not hide a running harness.
  const address = adminAddress(await readResolution(host, saidBy(options), "run"));
  const doing = `asking the harness at ${address}`;
  let body: unknown;
  try {
    const response = await fetch(`http://${address}/status`, { signal: AbortSignal.any([signal, AbortSignal.timeout(patience)]), redirect: "error" });
    body = await response.json();
  } catch (cause) {
    signal.throwIfAborted();
    throw new MeshError("HARNESS_ABSENT", { doing, what: "nobody answers there", target: address, cause });
  }
  const answer = parseStatus(body);
  if (answer !== undefined) return answer;
  throw new MeshError("HARNESS_ABSENT", { doing, what: "what answers there is not a harness of this version", target: address });
}

/** One screen about this machine. */
export function renderStatusScreen(answer: Status): string {
  const head = answer.ready ? `This machine is part of the mesh, ${answer.state} since ${answer.since}` : `This machine is not ready: ${answer.reason ?? answer.state}`;
  const parts: readonly (readonly [string, PartStatus])[] = [
    ["identity", answer.identity],
    ["registration", answer.registration],
    ["proxy", answer.proxy],
    ["redirect", answer.redirect],
    ["application", answer.application],
    ["control plane", answer.controlPlane],
  ];
  const lines = parts.flatMap(([name, part]) => [`  ${part.good ? "√" : "×"} ${name.padEnd(13)} ${part.detail}`, ...(part.problem === undefined ? [] : [`    ${" ".repeat(13)} next: ${part.problem.remedy}`])]);
  const { lease } = answer.registration;
  const facts = [
    `  workload        ${answer.workload === undefined ? "-" : `${answer.workload.namespace}/${answer.workload.name} as ${answer.workload.identity}`}`,
    `  certificate     ${answer.identity.expires === undefined ? "-" : `until ${answer.identity.expires}`}`,
    ...(lease === undefined ? [] : [`  lease           ${lease.state}, renewed ${lease.renewed}, until ${lease.until}`]),
    `  harness         ${answer.version}, state ${answer.state}, start ${answer.instance.epoch} of instance ${answer.instance.id}`,
  ];
  return [head, "", ...lines, "", ...facts].join("\n");
}
