/** Which part of the product an error belongs to. */
export type ErrorCategory =
  | "usage" | "settings" | "identity" | "proxy" | "redirect" | "harness" | "registration" | "platform" | "simulator" | "internal";

/** A row of the catalogue: each code is a section of docs/troubleshooting.md. */
export interface ErrorEntry {
  readonly category: ErrorCategory;
  /** One sentence: what is the case when this code appears. */
  readonly title: string;
  /** The next step when the place that raises it knows no better one. */
  readonly remedy: string;
  /** Exit code of a command that ends with it: 1 the answer is no, 2 usage, 3 could not do it. */
  readonly exit: 1 | 2 | 3;
}

/** Every error code, once; docs/troubleshooting.md has a section for each, and a test holds both together. */
export const errorCatalogue = {
  USAGE: {
    category: "usage", exit: 2,
    title: "The command line was not understood.",
    remedy: "Run the command with --help to see its options and an example.",
  },
  INTERRUPTED: {
    category: "usage", exit: 3,
    title: "The command was asked to stop before it was finished.",
    remedy: "Run it again; a command that was stopped can be repeated.",
  },
  CONFIG_UNREADABLE: {
    category: "settings", exit: 2,
    title: "The config file cannot be read as YAML with one setting per line.",
    remedy: "Correct the file where the message says; `linkerd-mesh config validate` checks it.",
  },
  CONFIG_BUSY: {
    category: "settings", exit: 3,
    title: "The config file is being changed by somebody else.",
    remedy: "Try again in a moment.",
  },
  SETTING_INVALID: {
    category: "settings", exit: 2,
    title: "A setting has a value that cannot be used.",
    remedy: "Correct the value where the message says it was set; `linkerd-mesh config validate` checks all of them.",
  },
  SETTING_REQUIRED: {
    category: "settings", exit: 2,
    title: "A required setting has no value.",
    remedy: "Set it by flag, environment or config file; `linkerd-mesh config show` lists every setting and its origin.",
  },
  SETTING_UNKNOWN: {
    category: "settings", exit: 2,
    title: "A setting with that name does not exist.",
    remedy: "Correct the name; `linkerd-mesh config show` lists every setting.",
  },
  WORKLOAD_INVALID: {
    category: "registration", exit: 2,
    title: "This machine cannot be described to the cluster as it is configured.",
    remedy: "Correct the settings or the --port options that the message names.",
  },
  PLATFORM_UNSUPPORTED: {
    category: "platform", exit: 3,
    title: "The program does not run on this operating system.",
    remedy: "Use a machine with Linux or Windows; docs/limits.md says which versions.",
  },
  REDIRECT_ABSENT: {
    category: "redirect", exit: 3,
    title: "This machine has nothing to redirect traffic with.",
    remedy: "Install nftables (Linux) or the driver (Windows), or set OUTBOUND_REDIRECT=off for a machine that only receives.",
  },
  REDIRECT_FAILED: {
    category: "redirect", exit: 3,
    title: "The redirect could not be switched, or not be read.",
    remedy: "The message carries the system's own words; the rules in force before it are still in force.",
  },
  REDIRECT_FOREIGN: {
    category: "redirect", exit: 3,
    title: "Something that is not ours steers traffic under our name, or to a Linkerd proxy already.",
    remedy: "Stop the other harness, or remove the rules it names (nft delete table inet linkerd_mesh), then start again.",
  },
  INTERNAL: {
    category: "internal", exit: 3,
    title: "Something happened that the program did not foresee.",
    remedy: "Please report it with the output of the same command run with LINKERD_MESH_LOG_LEVEL=debug.",
  },
} as const satisfies Record<string, ErrorEntry>;

/** A code of the catalogue. */
export type ErrorCode = keyof typeof errorCatalogue;
