import { z } from "zod";
import { untilAborted } from "../../base/abort.ts";
import { MeshError } from "../../model/errors.ts";
import { hostPort } from "../../model/settings/kinds/host-port.ts";
import type { Endpoint } from "../../linkerd/addresses.ts";
import { askSimulator, issuedSchema, simulatorStatusSchema, type SimulatorStatus } from "../../simulator/control-socket.ts";
import type { Credentials } from "../../simulator/issuer/authority.ts";
import { callMeshed } from "../../simulator/mesh/meshed-call.ts";
import { meshNamespace, serviceAccountName } from "../../simulator/names.ts";
import { openApplication, requestPlain } from "../../simulator/plain.ts";
import type { Command, CommandContext } from "../command.ts";

const patience = { type: "number", default: 5, describe: "Seconds to wait for an answer" } as const;
const plain = z.object({ ok: z.boolean(), status: z.int().optional(), body: z.string().optional(), error: z.string().optional() });
const meshed = plain.extend({ workload: z.string().optional(), identity: z.string().optional(), serial: z.string().optional(), tlsVersion: z.string().optional(), alpn: z.string().optional() });

/** A request as an application makes it that knows nothing of a mesh. */
export const simulateRequest: Command = {
  name: ["simulate", "request"],
  describe: "Ask a URL in plain HTTP, as an application does that knows nothing of a mesh",
  positionals: [{ name: "url", describe: "What to ask, as http://10.90.1.1/", required: true }],
  options: { method: { type: "string", choices: ["GET", "POST"], default: "GET", describe: "How to ask" }, patience },
  examples: [
    { line: "linkerd-mesh simulate request http://10.90.1.1/", does: "Calls the simulated Service; a joined machine reaches it over mTLS" },
    { line: "linkerd-mesh simulate request --method POST http://127.0.0.1:8080/ready/off", does: "Lets the application of `simulate app` say that it is not ready" },
  ],
  output: plain,
  run: ({ options, signal, result }) => tell(result, () => requestPlain(String(options["url"]), bounded(options, signal), String(options["method"]))),
};

/** A request as a pod of the mesh makes it. */
export const simulateCall: Command = {
  name: ["simulate", "call"],
  describe: "Call a machine that is ready over mTLS, as a pod of the simulated mesh does",
  options: {
    dir: { type: "string", default: "/tmp/linkerd-mesh-simulate", describe: "Folder of the running simulator" },
    workload: { type: "string", describe: "Call this machine, ready or not, by the name of its workload or namespace/name" },
    to: { type: "string", describe: "Address and port of the machine's proxy instead of the known ones, as 10.90.0.2:4143" },
    as: { type: "string", default: "client", describe: "Service account of the caller, or a whole identity" },
    port: { type: "number", describe: "Port of the machine's application instead of the known one" },
    session: { type: "string", choices: ["http2", "bytes"], default: "http2", describe: "HTTP/2 as between proxies, or bytes as they are" },
    patience,
  },
  examples: [
    { line: "linkerd-mesh simulate call", does: "Calls a machine that is ready" },
    { line: "linkerd-mesh simulate call --to 10.90.0.2:4143 --as stranger", does: "Calls under an identity that has no permission" },
  ],
  output: meshed,
  async run({ host, options, signal, result }) {
    const folder = String(options["dir"]);
    const status = simulatorStatusSchema.parse(await askSimulator(folder, { path: "/status" }, signal));
    const as = String(options["as"]);
    const identity = /[.:]/.test(as) ? as : serviceAccountName(as, meshNamespace, status);
    const issued = issuedSchema.parse(await askSimulator(folder, { path: "/issue", body: { identity } }, signal));
    const credentials: Pick<Credentials, "chainPem" | "keyPem"> = issued;
    return tell(result, async () => {
      const machine = pickMachine(status, options, host.random());
      const answer = await callMeshed({
        to: options["to"] === undefined ? { ip: machine.address, port: machine.inboundPort } : parseEndpoint("--to", String(options["to"])),
        serverName: machine.serverName, serverIdentity: machine.identity, port: Number(options["port"] ?? machine.port), path: "/",
        session: options["session"] === "http2" ? "http2" : undefined, credentials, rootPem: issued.rootPem,
      }, bounded(options, signal));
      return { workload: `${machine.namespace}/${machine.name}`, ...answer };
    });
  },
};

/** The machine that a caller gets: the one that it names, or as a balancer gives them any that is ready. */
function pickMachine({ workloads }: SimulatorStatus, { workload: wanted, to }: CommandContext["options"], random: number): SimulatorStatus["workloads"][number] {
  const at = to === undefined ? undefined : parseEndpoint("--to", String(to)).ip;
  const named = workloads.filter(({ namespace, name }) => wanted === name || wanted === `${namespace}/${name}`);
  const found = wanted === undefined ? workloads.filter(({ address, ready }) => (at === undefined ? ready : address === at || workloads.length === 1)) : named;
  const one = found[Math.floor(random * found.length)];
  if (one !== undefined) return one;
  throw new Error(wanted === undefined && at === undefined ? "no machine is ready: the Service has no endpoints" : `no such machine is registered: ${String(wanted ?? at)}`);
}

/** An application that knows nothing of a mesh. */
export const simulateApp: Command = {
  name: ["simulate", "app"],
  describe: "Run a small HTTP application that tells in JSON what it was asked",
  options: { listen: { type: "string", required: true, describe: "Address and port, as 10.90.0.2:8080" } },
  examples: [{ line: "linkerd-mesh simulate app --listen 0.0.0.0:8080", does: "Serves until stopped; POST /ready/off makes its /ready answer 503, POST /ready/on 200" }],
  output: z.object({ listen: z.string() }),
  async run({ options, signal, result }) {
    const listen = parseEndpoint("--listen", String(options["listen"]));
    await using _application = await openApplication(listen);
    result({ listen: hostPort.format({ host: listen.ip, port: listen.port }) });
    await untilAborted(new Promise(() => undefined), signal).catch(() => undefined);
    return 0;
  },
};

/** A refusal is an answer too: it is told with exit code 1. */
async function tell(result: CommandContext["result"], ask: () => Promise<object>): Promise<0 | 1> {
  try {
    const answer = await ask();
    const ok = !("status" in answer) || (Number(answer.status) >= 200 && Number(answer.status) < 400);
    result({ ok, ...answer });
    return ok ? 0 : 1;
  } catch (error) {
    if (error instanceof MeshError) throw error;
    result({ ok: false, error: error instanceof Error ? error.message : String(error) });
    return 1;
  }
}

function bounded(options: CommandContext["options"], signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(Number(options["patience"]) * 1000)]);
}

function parseEndpoint(flag: string, given: string): Endpoint {
  const parsed = hostPort.parse(given, "linux");
  if (parsed.ok) return { ip: parsed.value.host, port: parsed.value.port };
  throw new MeshError("USAGE", { doing: `reading ${flag}`, what: `'${given}' is no address and port: ${parsed.reason}`, target: flag });
}
