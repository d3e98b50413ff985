import { z } from "zod";
import { parseGroupsFile } from "../../autoregistration/parse-groups-file.ts";
import { renderGroupManifest, renderGroupStream } from "../../generate/group-manifest.ts";
import type { Manifest } from "../../generate/workload-manifests.ts";
import { MeshError, MeshErrors } from "../../model/errors.ts";
import { parseGroupManifest } from "../../model/external-group-manifest.ts";
import type { ExternalGroup } from "../../model/external-group.ts";
import type { Command, CommandContext } from "../command.ts";
import { readResolution } from "../config/resolve-settings.ts";
import { groupOptions, parseGroupOptions, renderOptionProblem } from "../directory/group-options.ts";

const output = z.object({
  manifests: z.array(z.object({ apiVersion: z.string(), kind: z.string(), metadata: z.object({ name: z.string(), namespace: z.string() }), spec: z.record(z.string(), z.unknown()) })),
});

/** Prints an ExternalGroup: of options, or of a file that it judges. */
export const groupManifest: Command = {
  name: ["group", "manifest"],
  describe: "Print the manifest of a group for machines to join, or check one and print it with every default",
  options: {
    ...groupOptions,
    from: { type: "string", value: "file", describe: "Check the manifests of this file, ours or Buoyant's, and print them in our form with every default" },
    config: { type: "string", value: "file", describe: "Another config file; also LINKERD_MESH_CONFIG" },
  },
  examples: [
    { line: "linkerd-mesh group manifest --name orders --namespace shop --identity 'spiffe://example.org/vm/*' --port http=8080 --probe http://127.0.0.1:8080/ready", does: "Prints a group; put it into GROUPS_DIR of the registration service, or apply it with kubectl" },
    { line: "linkerd-mesh group manifest --from group.yaml", does: "Tells every problem of a file, or prints it with every default" },
  ],
  output,
  render: ({ manifests }: { readonly manifests: readonly Manifest[] }) => renderGroupStream(manifests),
  async run(context) {
    const { from } = context.options;
    const groups = typeof from === "string" ? await readGroups(context, from) : [await describeGroup(context)];
    context.result({ manifests: groups.map(renderGroupManifest) });
    return 0;
  },
};

async function describeGroup({ host, options }: CommandContext): Promise<ExternalGroup> {
  const { config, name, namespace } = options;
  const { resolved } = await readResolution(host, { flags: {}, configPath: typeof config === "string" ? config : undefined }, "none");
  const key = { name: name ?? resolved.get("workloadGroupName")?.text, namespace: namespace ?? resolved.get("workloadGroupNamespace")?.text };
  const missing = Object.entries(key).filter(([, value]) => value === undefined).map(([option]) => `--${option} is missing, and this machine's settings do not name a group`);
  const { manifest, problems } = parseGroupOptions(options, { name: key.name ?? "none", namespace: key.namespace ?? "none" });
  const parsed = parseGroupManifest(manifest);
  const all = [...missing, ...problems, ...(parsed.ok ? [] : parsed.problems.map((problem) => renderOptionProblem(problem, options)))];
  if (parsed.ok && all.length === 0) return parsed.group;
  throw invalid("writing the manifest of a group", all);
}

async function readGroups({ host, options }: CommandContext, path: string): Promise<readonly ExternalGroup[]> {
  const others = Object.keys(groupOptions).filter((option) => options[option] !== undefined);
  if (others.length > 0) throw new MeshError("USAGE", { doing: "reading the options", what: `--from takes everything from the file; --${others.join(", --")} cannot be added`, remedy: "Leave out either, or edit what is printed." });
  const doing = `reading the manifests in ${path}`;
  const text = await host.files.readText(path);
  if (text === undefined) throw invalid(doing, ["there is no such file"]);
  const { groups, problems } = parseGroupsFile(text);
  if (problems.length > 0) throw invalid(doing, problems);
  if (groups.length === 0) throw invalid(doing, ["there is no manifest in it"]);
  return groups;
}

function invalid(doing: string, problems: readonly string[]): MeshErrors {
  return new MeshErrors(problems.map((what) => new MeshError("GROUP_INVALID", { doing, what })));
}
