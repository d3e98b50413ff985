import type { CommandTable } from "../command.ts";

/**
 * The table of commands, in the order of help. Nothing is loaded before it is used: a row holds the name, the
 * sentence of help, and how to load the rest. After a change run `node tools/generate.ts`.
 */
export const commandTable: CommandTable = {
  groups: {
    workload: "How the cluster sees this machine",
  },
  entries: [
    {
      name: ["overview"],
      describe: "Say how this machine stands and what to do next; the same as no command at all",
      load: async () => (await import("./overview.ts")).overview,
    },
    {
      name: ["workload", "manifest"],
      describe: "Print the ExternalWorkload, Service and policies of this machine for kubectl",
      load: async () => (await import("./workload-manifest.ts")).workloadManifest,
    },
    {
      name: ["completion"],
      describe: "Print the completion script of a shell",
      load: async () => (await import("./completion.ts")).createCompletionCommand(commandTable),
    },
    {
      name: ["schema"],
      describe: "Print the JSON schema of what a command prints with --output json",
      load: async () => (await import("./schema.ts")).createSchemaCommand(commandTable),
    },
    {
      name: ["version"],
      describe: "Show the version",
      load: async () => (await import("./version.ts")).versionCommand,
    },
  ],
};
