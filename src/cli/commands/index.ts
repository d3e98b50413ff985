import type { CommandTable } from "../command.ts";

/**
 * The table of commands, in the order of help. Nothing is loaded before it is used: a row holds the name, the
 * sentence of help, and how to load the rest. After a change run `node tools/generate.ts`.
 */
export const commandTable: CommandTable = {
  groups: {
    config: "The settings of this machine",
    group: "Groups of machines, as the registration service knows them",
    service: "The harness as a service of this machine",
    redirect: "What of this machine's traffic goes through the proxy",
    workload: "Machines, as the cluster and the registration service see them",
  },
  entries: [
    {
      name: ["overview"],
      describe: "Say how this machine stands and what to do next; the same as no command at all",
      load: async () => (await import("./overview.ts")).overview,
    },
    {
      name: ["run"],
      describe: "Join the mesh and stay in it until stopped: the harness",
      load: async () => (await import("./run.ts")).run,
    },
    {
      name: ["status"],
      describe: "Show how the harness stands: identity, registration, proxy, redirect, application",
      load: async () => (await import("./status.ts")).status,
    },
    {
      name: ["logs"],
      describe: "Show the harness's log, from its files or the system's journal, and follow it",
      load: async () => (await import("./logs.ts")).logs,
    },
    {
      name: ["leave"],
      describe: "Take this machine out of the mesh for good: its workload drains and is deleted, and the harness ends",
      load: async () => (await import("./leave.ts")).leave,
    },
    {
      name: ["service", "install"],
      describe: "Make the harness a Windows service that starts with the machine and is started again when it fails",
      load: async () => (await import("./service-install.ts")).serviceInstall,
    },
    {
      name: ["service", "remove"],
      describe: "Stop the harness's service and remove it; settings, state and logs stay",
      load: async () => (await import("./service.ts")).serviceRemove,
    },
    {
      name: ["service", "start"],
      describe: "Start the harness's service and wait until it runs; whether the machine is ready says linkerd-mesh status",
      load: async () => (await import("./service.ts")).serviceStart,
    },
    {
      name: ["service", "stop"],
      describe: "Stop the harness's service and wait for its end: traffic drains for SHUTDOWN_GRACE at most",
      load: async () => (await import("./service.ts")).serviceStop,
    },
    {
      name: ["service", "status"],
      describe: "Show how the harness's service stands, and how it ended last",
      load: async () => (await import("./service.ts")).serviceStatus,
    },
    {
      name: ["config", "show"],
      describe: "Show every setting with its value and where it comes from, and all problems at once",
      load: async () => (await import("./config-show.ts")).configShow,
    },
    {
      name: ["config", "set"],
      describe: "Change one setting in the config file, where comments and order stay, or in the registry of Windows",
      load: async () => (await import("./config-set.ts")).configSet,
    },
    {
      name: ["config", "validate"],
      describe: "Check all settings, wherever they come from, and tell every problem at once",
      load: async () => (await import("./config-validate.ts")).configValidate,
    },
    {
      name: ["redirect", "on"],
      describe: "Let traffic go through the proxy again; the harness does it as soon as the proxy is ready",
      load: async () => (await import("./redirect.ts")).redirectOn,
    },
    {
      name: ["redirect", "off"],
      describe: "Let traffic pass as if there were no mesh, until redirect on; also the way back in for who locked himself out",
      load: async () => (await import("./redirect.ts")).redirectOff,
    },
    {
      name: ["redirect", "status"],
      describe: "Say whether traffic is redirected, whether it shall be, and how the rules differ from the settings",
      load: async () => (await import("./redirect.ts")).redirectStatus,
    },
    {
      name: ["workload", "manifest"],
      describe: "Print the ExternalWorkload, Service and policies of this machine for kubectl",
      load: async () => (await import("./workload-manifest.ts")).workloadManifest,
    },
    {
      name: ["workload", "list"],
      describe: "List the machines that registered: whether each is ready, why not, and when it was last heard of",
      load: async () => (await import("./workload-list.ts")).workloadList,
    },
    {
      name: ["workload", "show"],
      describe: "Show everything about one registered machine: whether it is ready and why not, lease, addresses, identity",
      load: async () => (await import("./workload-show.ts")).workloadShow,
    },
    {
      name: ["workload", "watch"],
      describe: "List the machines that registered, then every change, a line each, until stopped",
      load: async () => (await import("./workload-watch.ts")).workloadWatch,
    },
    {
      name: ["group", "list"],
      describe: "List the groups, how many of their machines are ready, and the group files that could not be used",
      load: async () => (await import("./group-list.ts")).groupList,
    },
    {
      name: ["group", "show"],
      describe: "Show everything about one group: who may join, probe, lease, ports, labels, and its machines",
      load: async () => (await import("./group-show.ts")).groupShow,
    },
    {
      name: ["group", "manifest"],
      describe: "Print the manifest of a group for machines to join, or check one and print it with every default",
      load: async () => (await import("./group-manifest.ts")).groupManifest,
    },
    {
      name: ["autoregister"],
      describe: "Run the registration service: machines join the groups of a folder and appear as workloads",
      load: async () => (await import("./autoregister.ts")).autoregister,
    },
    {
      name: ["simulate"],
      describe: "Run a small mesh on this machine, without a cluster, for a harness to join",
      load: async () => (await import("./simulate.ts")).simulate,
    },
    {
      name: ["simulate", "demo"],
      describe: "Show machines join a small mesh, work over mTLS, fail, come back and leave, all on this machine",
      load: async () => (await import("./simulate-demo.ts")).simulateDemo,
    },
    {
      name: ["simulate", "status"],
      describe: "Show where everything of the running simulator is, and how its switches stand",
      load: async () => (await import("./simulate.ts")).simulateStatus,
    },
    {
      name: ["simulate", "set"],
      describe: "Make something of the running simulator misbehave: identity, bundle, issuer, destination, policy, peer, peer-certificate, clock, access",
      load: async () => (await import("./simulate.ts")).simulateSet,
    },
    {
      name: ["simulate", "proxy"],
      describe: "Run a small mesh proxy in the place of linkerd2-proxy, configured by the same LINKERD2_PROXY_ variables",
      load: async () => (await import("./simulate-proxy.ts")).simulateProxy,
    },
    {
      name: ["simulate", "request"],
      describe: "Ask a URL in plain HTTP, as an application does that knows nothing of a mesh",
      load: async () => (await import("./simulate-traffic.ts")).simulateRequest,
    },
    {
      name: ["simulate", "call"],
      describe: "Call a machine that is ready over mTLS, as a pod of the simulated mesh does",
      load: async () => (await import("./simulate-traffic.ts")).simulateCall,
    },
    {
      name: ["simulate", "app"],
      describe: "Run a small HTTP application that tells in JSON what it was asked",
      load: async () => (await import("./simulate-traffic.ts")).simulateApp,
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
