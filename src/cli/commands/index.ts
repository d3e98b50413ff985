import type { CommandTable } from "../command.ts";

/**
 * The table of commands, in the order of help. Nothing is loaded before it is used: a row holds the name, the
 * sentence of help, and how to load the rest. After a change run `node tools/generate.ts`.
 */
export const commandTable: CommandTable = {
  groups: {
    config: "The settings of this machine",
    workload: "How the cluster sees this machine",
  },
  entries: [
    {
      name: ["overview"],
      describe: "Say how this machine stands and what to do next; the same as no command at all",
      load: async () => (await import("./overview.ts")).overview,
    },
    {
      name: ["config", "show"],
      describe: "Show every setting with its value and where it comes from, and all problems at once",
      load: async () => (await import("./config-show.ts")).configShow,
    },
    {
      name: ["config", "set"],
      describe: "Change one setting in the config file; comments and order stay",
      load: async () => (await import("./config-set.ts")).configSet,
    },
    {
      name: ["config", "validate"],
      describe: "Check all settings, wherever they come from, and tell every problem at once",
      load: async () => (await import("./config-validate.ts")).configValidate,
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
