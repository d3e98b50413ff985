import { z } from "zod";
import { judgeExternalWorkload, type ExternalWorkload, type WorkloadPort } from "../../model/external-workload.ts";
import { MeshError } from "../../model/errors.ts";
import type { Settings } from "../../model/settings/settings.ts";
import { renderReadyCommand, renderWorkloadManifests, renderYamlStream, type Manifest } from "../../generate/workload-manifests.ts";
import { firstX509Context } from "../../spiffe/workload-api.ts";
import { selectSvid } from "../../spiffe/select-svid.ts";
import { resolveSettings } from "../config/resolve-settings.ts";
import { saidBy } from "../settings.ts";
import type { Command, CommandContext } from "../command.ts";

const output = z.object({
  manifests: z.array(
    z.object({
      apiVersion: z.string(),
      kind: z.string(),
      metadata: z.object({ name: z.string(), namespace: z.string(), labels: z.record(z.string(), z.string()).optional() }),
      spec: z.record(z.string(), z.unknown()),
    }),
  ),
  readyCommand: z.string(),
});

/** Prints what plain Linkerd must be told about this machine. */
export const workloadManifest: Command = {
  name: ["workload", "manifest"],
  describe: "Print the ExternalWorkload, Service and policies of this machine for kubectl",
  takesSettings: "machine",
  options: {
    port: { type: "string", repeat: true, describe: "A port of the application as NAME:PORT; may be given several times" },
    client: { type: "string", repeat: true, describe: "An identity that may call the machine; every identity of the mesh when left out" },
  },
  examples: [
    { line: "linkerd-mesh workload manifest --port http:8080 | kubectl apply -f -", does: "Makes this machine known to the cluster" },
    { line: "linkerd-mesh workload manifest --port http:8080 --client default.web.serviceaccount.identity.linkerd.cluster.local", does: "Lets one service account call it" },
  ],
  output,
  render: ({ manifests, readyCommand }: { manifests: readonly Manifest[]; readyCommand: string }) => renderYamlStream(manifests, readyCommand),
  async run(context) {
    const ports = words(context.options["port"]).map(parsePort);
    const clients = words(context.options["client"]);
    const workload = await describeThisMachine(context, ports);
    const problems = judgeExternalWorkload(workload);
    if (problems.length > 0) {
      throw new MeshError("WORKLOAD_INVALID", { doing: "writing the manifests of this machine", what: problems.join("; ") });
    }
    context.result({
      manifests: renderWorkloadManifests(workload, { clients: clients.length > 0 ? clients : ["*"] }),
      readyCommand: renderReadyCommand(workload, context.host.clock.now()),
    });
    return 0;
  },
};

async function describeThisMachine(context: CommandContext, ports: readonly WorkloadPort[]): Promise<ExternalWorkload> {
  // The manifests are for static registration, also where the machine does not say so yet.
  const { flags, ...said } = saidBy(context.options);
  const settings = await resolveSettings(context.host, { ...said, flags: { ...flags, registration: "static" } }, "none");
  const { workloadName: name, workloadNamespace: namespace, workloadServerName: serverName, inboundNetworkAddress: address } = settings;
  if (name === undefined || namespace === undefined || serverName === undefined || address === undefined) {
    throw new MeshError("SETTING_REQUIRED", {
      doing: "writing the manifests of this machine",
      what: "WORKLOAD_NAME, WORKLOAD_NAMESPACE, WORKLOAD_SERVER_NAME and INBOUND_NETWORK_ADDRESS are all needed and at least one has no value",
    });
  }
  return {
    name,
    namespace,
    serverName,
    identity: settings.workloadIdentity ?? (await readOnlyIdentity(context, settings)),
    labels: { app: name, ...settings.labels },
    addresses: [address.v4, address.v6].filter((ip) => ip !== undefined),
    ports,
    inboundPort: settings.proxyInboundPort,
  };
}

/** The identity that SPIRE gives us, when it gives exactly one. */
async function readOnlyIdentity({ host, signal }: CommandContext, settings: Settings): Promise<string> {
  const { clock, log } = host;
  const source = { address: settings.spireSocketAddr, clock, log, random: () => host.random() };
  return selectSvid(await firstX509Context(source, AbortSignal.any([signal, AbortSignal.timeout(5000)])), undefined).id;
}

function words(option: unknown): readonly string[] {
  return Array.isArray(option) ? option.map(String) : [];
}

function parsePort(text: string): WorkloadPort {
  const match = /^(?<name>[^:]+):(?<port>\d{1,5})$/u.exec(text);
  if (match?.groups === undefined) {
    throw new MeshError("USAGE", { doing: "reading --port", what: `'${text}' is not NAME:PORT`, target: "--port", remedy: "Give the port as in --port http:8080." });
  }
  return { name: match.groups["name"] ?? "", port: Number(match.groups["port"]) };
}
