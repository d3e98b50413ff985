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
  FILE_FAILED: {
    category: "platform", exit: 3,
    title: "A file or folder could not be read or written.",
    remedy: "Check that the path exists, that this account may use it, and that the disk is not full.",
  },
  PLATFORM_UNSUPPORTED: {
    category: "platform", exit: 3,
    title: "The program does not run on this operating system.",
    remedy: "Use a machine with Linux or Windows; docs/limits.md says which versions.",
  },
  SPIRE_ADDRESS: {
    category: "identity", exit: 2,
    title: "The address of the SPIFFE Workload API cannot be understood.",
    remedy: "Set SPIRE_SOCKET_ADDR to unix:///path/to/socket, npipe:name, \\\\.\\pipe\\name or tcp://127.0.0.1:port.",
  },
  SPIRE_ABSENT: {
    category: "identity", exit: 3,
    title: "Nobody offers the SPIFFE Workload API at its address.",
    remedy: "Start SPIRE's agent, or set SPIRE_SOCKET_ADDR to the socket_path of its configuration; nothing else is needed, we keep trying.",
  },
  SPIRE_DENIED: {
    category: "identity", exit: 3,
    title: "The operating system does not let us open the socket of the SPIFFE Workload API.",
    remedy: "Give our user access to the socket and to every folder above it; SPIRE's agent makes the socket open to all, its folder may not be.",
  },
  SPIRE_NO_ENTRY: {
    category: "identity", exit: 3,
    title: "SPIRE has no entry for this process, so it gives it no identity.",
    remedy: "Run `spire-server entry create` with the agent as -parentID, the wanted identity as -spiffeID and a -selector that fits our user, as `-selector unix:uid:$(id -u linkerd-mesh)`; it takes effect within about 10 s.",
  },
  SPIRE_UNAVAILABLE: {
    category: "identity", exit: 3,
    title: "SPIRE's agent is there but cannot serve at the moment, or it broke off.",
    remedy: "Look into the log of SPIRE's agent; we connect again by ourselves, and the identity in use stays good until it expires.",
  },
  SPIRE_SILENT: {
    category: "identity", exit: 3,
    title: "Something accepts connections at the address of the SPIFFE Workload API and does not answer.",
    remedy: "See whether SPIRE's agent hangs or is stopped (`spire-agent healthcheck`), and restart it if so.",
  },
  SPIRE_UNSUPPORTED: {
    category: "identity", exit: 3,
    title: "What answers at the address of the SPIFFE Workload API does not offer X.509 identities.",
    remedy: "Check that SPIRE_SOCKET_ADDR is the agent's public socket and not its admin socket or another program's.",
  },
  SPIRE_HEADER: {
    category: "identity", exit: 3,
    title: "SPIRE refused our request as malformed.",
    remedy: "Let us talk to SPIRE's agent directly: something in between drops the header workload.spiffe.io, or the agent wants a newer protocol.",
  },
  SPIRE_PROTOCOL: {
    category: "identity", exit: 3,
    title: "What answers at the address of the SPIFFE Workload API does not speak gRPC.",
    remedy: "Check that SPIRE_SOCKET_ADDR is the public socket of SPIRE's agent.",
  },
  SPIRE_FAILED: {
    category: "identity", exit: 3,
    title: "SPIRE answered with an error of its own.",
    remedy: "Look into the log of SPIRE's agent at that time; we keep trying.",
  },
  SVID_INVALID: {
    category: "identity", exit: 3,
    title: "An identity document that SPIRE gave breaks the rules for SVIDs.",
    remedy: "Check the issuer: chain, key and SPIFFE ID must belong together; with SPIRE itself, please report it with the log of its agent.",
  },
  SVID_KEY_TYPE: {
    category: "identity", exit: 3,
    title: "The identity has a key of a kind that Linkerd's proxy cannot use.",
    remedy: 'Set workload_x509_svid_key_type = "ec-p256" in the configuration of SPIRE\'s agent and restart it.',
  },
  SVID_EXPIRED: {
    category: "identity", exit: 3,
    title: "The identity that SPIRE gave has expired already.",
    remedy: "Compare this machine's clock with SPIRE's server; if it is right, look into the log of SPIRE's agent for why it does not renew.",
  },
  SVID_NONE: {
    category: "identity", exit: 3,
    title: "SPIRE answered, but with no identity.",
    remedy: "Create an entry for this process with `spire-server entry create`.",
  },
  SVID_AMBIGUOUS: {
    category: "identity", exit: 3,
    title: "SPIRE offers several identities and none was chosen.",
    remedy: "Set WORKLOAD_IDENTITY to one of them.",
  },
  SVID_OTHER_ID: {
    category: "identity", exit: 3,
    title: "SPIRE offers other identities than the wanted one.",
    remedy: "Set WORKLOAD_IDENTITY to an identity that SPIRE offers, or correct the entry in SPIRE.",
  },
  CHAIN_INVALID: {
    category: "identity", exit: 3,
    title: "The certificate of this machine does not lead to a trust anchor.",
    remedy: "Check what SPIRE signs with and what it sends as bundle; TRUST_ANCHORS_FILE adds anchors.",
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
