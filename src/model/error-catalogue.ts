/** Which part of the product an error belongs to. */
export type ErrorCategory =
  | "usage" | "settings" | "identity" | "proxy" | "redirect" | "harness" | "registration" | "platform" | "service" | "simulator" | "internal";

/** A row of the catalogue: each code is a section of docs/troubleshooting.md. */
export interface ErrorEntry {
  readonly category: ErrorCategory;
  /** One sentence: what is the case when this code appears. */
  readonly title: string;
  /** The next step when the place that raises it knows no better one. */
  readonly remedy: string;
  /**
   * Exit code of a command that ends with it: 1 the answer is no, 2 usage, 3 could not do it. `simulate proxy` stands in
   * for linkerd2-proxy and ends with its codes: 64 a bad environment, 101 a panic, 1 no start.
   */
  readonly exit: 1 | 2 | 3 | 64 | 101;
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
    remedy: "Set it by flag, environment, config file or registry; `linkerd-mesh config show` lists every setting and its origin.",
  },
  SETTING_UNKNOWN: {
    category: "settings", exit: 2,
    title: "A setting with that name does not exist.",
    remedy: "Correct the name; `linkerd-mesh config show` lists every setting.",
  },
  REGISTRY_DENIED: {
    category: "settings", exit: 3,
    title: "Windows does not let this account read or change the settings in the registry.",
    remedy: "Changing them takes a terminal that was opened as administrator; to read them, an account needs KEY_READ on the key that the message names.",
  },
  REGISTRY_FAILED: {
    category: "settings", exit: 3,
    title: "The settings in the registry could not be read or changed.",
    remedy: "Look at the key that the message names with regedit; the message holds what Windows says.",
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
    remedy: "Start SPIRE's agent, or set SPIRE_SOCKET_ADDR to the socket_path of its configuration; a harness or service that runs goes on trying and takes it up by itself.",
  },
  SPIRE_DENIED: {
    category: "identity", exit: 3,
    title: "The operating system does not let us open the socket of the SPIFFE Workload API.",
    remedy: "Give our user access to the socket and to every folder above it; SPIRE's agent makes the socket open to all, its folder may not be.",
  },
  SPIRE_PIPE_DENIED: {
    category: "identity", exit: 3,
    title: "Windows does not let this account open the named pipe of the SPIFFE Workload API.",
    remedy: "Run the harness as a service or at the machine itself: SPIRE's agent refuses callers from the network (WinRM, PsExec). If it does so for the service too, reinstall the agent; its pipe is open to all local accounts.",
  },
  SPIRE_BUSY: {
    category: "identity", exit: 3,
    title: "The named pipe of the SPIFFE Workload API takes no connection at the moment.",
    remedy: "We try again by ourselves; if it stays so, SPIRE's agent hangs: restart its service.",
  },
  SPIRE_UNTRUSTED: {
    category: "identity", exit: 3,
    title: "Another program than SPIRE's agent serves the named pipe of the SPIFFE Workload API.",
    remedy: "Find out what the process that the message names is, end it and restart SPIRE's service. If it is SPIRE's agent under another service name, set SPIRE_SERVICE_NAME.",
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
    remedy: "Look into the log of SPIRE's agent at that time; a harness or service that runs goes on trying.",
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
  FOLDER_FOREIGN: {
    category: "platform", exit: 3,
    title: "A folder or file that must be ours alone belongs to another account, or leads somewhere else.",
    remedy: "See who made it and why; when nobody needs it, remove it as administrator and run the command again.",
  },
  LOG_ABSENT: {
    category: "harness", exit: 3,
    title: "The harness's log could not be found.",
    remedy: "`linkerd-mesh config show` says where it is kept (LOGDIR) and whether (LOG_FILE); read it where the harness runs, as root or administrator.",
  },
  DISK_FULL: {
    category: "platform", exit: 3,
    title: "A file could not be written because the disk is full.",
    remedy: "Free space on the disk that holds the path of the message; nothing that was there before is damaged.",
  },
  INSTALL_DAMAGED: {
    category: "platform", exit: 3,
    title: "A file that belongs beside the executable is missing, or is not the one it was built with.",
    remedy: "Install the product again: all files of a release belong together, in one folder that only administrators may write.",
  },
  PROGRAM_MISSING: {
    category: "platform", exit: 3,
    title: "A program that is needed is not on this machine.",
    remedy: "Install the program, or correct the path of the setting that names it.",
  },
  PROGRAM_FAILED: {
    category: "platform", exit: 3,
    title: "A program could not be started.",
    remedy: "Run it by hand as the same user; the message carries the system's own words.",
  },
  DEMO_NETWORK: {
    category: "simulator", exit: 3,
    title: "The small network of the demo could not be made.",
    remedy: "Run it as root on Linux with iproute2, util-linux and nftables; the message carries the system's own words.",
  },
  HARNESS_RUNNING: {
    category: "harness", exit: 3,
    title: "Another harness of this machine runs already.",
    remedy: "See it with `linkerd-mesh status`; stop it, or give this one a STATE_DIR and ports of its own.",
  },
  HARNESS_ABSENT: {
    category: "harness", exit: 1,
    title: "No harness runs on this machine.",
    remedy: "Start it: linkerd-mesh service start; or linkerd-mesh run, in this window.",
  },
  SERVICE_ABSENT: {
    category: "service", exit: 1,
    title: "The service is not installed on this machine.",
    remedy: "Install it as administrator: linkerd-mesh service install.",
  },
  SERVICE_UNSUPPORTED: {
    category: "service", exit: 3,
    title: "On this system the program does not do that to a service.",
    remedy: "On Linux the package installs the unit and systemd runs it: systemctl status linkerd-proxy-harness.",
  },
  SERVICE_DENIED: {
    category: "service", exit: 3,
    title: "This account may not do that to the service.",
    remedy: "Run the command again as administrator (Windows: an elevated prompt; Linux: sudo).",
  },
  SERVICE_FAILED: {
    category: "service", exit: 3,
    title: "The system's service manager refused.",
    remedy: "The message carries the system's own words; `linkerd-mesh service status` shows how the service stands.",
  },
  SERVICE_LOGON: {
    category: "service", exit: 3,
    title: "The service's account may not log on as a service, so it was not started.",
    remedy: "Give NT SERVICE\\ALL SERVICES the right \"Log on as a service\" again (secpol.msc, or the policy that took it away), or run the service as LocalSystem: linkerd-mesh service install --account system.",
  },
  SERVICE_DISABLED: {
    category: "service", exit: 3,
    title: "Somebody has disabled the service, or what it depends on could not be started.",
    remedy: "Enable it again with linkerd-mesh service install; when the message speaks of a dependency, start that one first.",
  },
  SERVICE_TIMEOUT: {
    category: "service", exit: 3,
    title: "The service did not start or stop in time.",
    remedy: "See how it stands with `linkerd-mesh service status`, and why in its log; then try again.",
  },
  SERVICE_ENDED: {
    category: "service", exit: 3,
    title: "The service was started and ended again at once.",
    remedy: "The message names the error it ended with; the service's log has its own words.",
  },
  SERVICE_OUTSIDE: {
    category: "service", exit: 2,
    title: "The program was told to be a service, but the service manager did not start it.",
    remedy: "Start the service with linkerd-mesh service start, or run the harness in this window: linkerd-mesh run.",
  },
  STATE_NEWER: {
    category: "harness", exit: 3,
    title: "The state of this machine was written by a later version of this program.",
    remedy: "Install that version again; or, to begin as a new workload, remove the file that the message names.",
  },
  STOP_OVERDUE: {
    category: "harness", exit: 3,
    title: "Something did not end within the time of a stop; it was left behind.",
    remedy: "The message names what was still pending; please report it with the log.",
  },
  RIGHTS_MISSING: {
    category: "harness", exit: 3,
    title: "This account may not redirect traffic.",
    remedy: "Run the harness as its service or as root; it keeps only CAP_NET_ADMIN.",
  },
  PROXY_USER_MISSING: {
    category: "harness", exit: 3,
    title: "The account under which harness and proxy run does not exist.",
    remedy: "Make it: useradd --system --no-create-home --shell /usr/sbin/nologin linkerd-mesh; or set PROXY_USER to another account or a number.",
  },
  PORT_TAKEN: {
    category: "harness", exit: 3,
    title: "A port that the harness or the proxy needs is in use.",
    remedy: "Stop the process that the message names, or give PROXY_INBOUND_PORT, PROXY_OUTBOUND_PORT, PROXY_ADMIN_PORT or HARNESS_ADMIN_PORT another value.",
  },
  PROXY_MISSING: {
    category: "proxy", exit: 3,
    title: "There is no linkerd2-proxy where it is looked for.",
    remedy: "Put the binary there, or set PROXY_PATH; docs/proxy.md says where to get it.",
  },
  PROXY_VERSION: {
    category: "proxy", exit: 3,
    title: "This version of linkerd2-proxy cannot do its work on this machine.",
    remedy: "Install another version: 2.304.0 to 2.328.x, or 2.331.0 and later; docs/proxy.md says where to get it.",
  },
  PROXY_CRASHED: {
    category: "proxy", exit: 3,
    title: "The proxy ended by itself; it is started again with growing pauses.",
    remedy: "Read its last lines in the message: a wrong setting shows there; if they say nothing, set PROXY_LOG=debug.",
  },
  PROXY_UNREADY: {
    category: "proxy", exit: 3,
    title: "The proxy runs, but would not serve.",
    remedy: "The message says what is missing; when it is the certificate, see the identity part of `linkerd-mesh status`.",
  },
  CONTROL_PLANE_AWAY: {
    category: "proxy", exit: 3,
    title: "Linkerd's destination or policy service cannot be reached, so the proxy could not answer captured connections.",
    remedy: "Check that this machine resolves and reaches DESTINATION_SVC_ADDR and POLICY_SVC_ADDR; traffic goes back to the proxy by itself when they answer.",
  },
  GROUPS_DIR: {
    category: "registration", exit: 3,
    title: "The folder with the ExternalGroup files cannot be read.",
    remedy: "Make the folder that GROUPS_DIR names, readable for the account of the registration service; docs/registration.md has an example file.",
  },
  TOKEN_KEY: {
    category: "registration", exit: 3,
    title: "The file with the key for registration tokens cannot be used.",
    remedy: "Give TOKEN_KEY_FILE a file with at least 32 random bytes, as they are or as base64 or hex; `openssl rand -base64 32` makes them.",
  },
  SERVER_NAME_MISSING: {
    category: "registration", exit: 3,
    title: "The identity of the registration service does not have the DNS name that machines ask for, so they will refuse it.",
    remedy: "Give the service's SPIRE entry the name: spire-server entry update -entryID ID -dns NAME, with all else that the entry has; or set CONTROL_SERVER_NAME on every machine to a name that it has.",
  },
  STORE_FAILED: {
    category: "registration", exit: 3,
    title: "The registration service cannot read or write what it stores.",
    remedy: "Check that STATE_DIR is on a disk with room that its account may write, and that no other server uses it; machines keep their traffic meanwhile.",
  },
  DIRECTORY_ABSENT: {
    category: "registration", exit: 3,
    title: "No registration service shows its lists at the address that was asked.",
    remedy: "Ask on the machine where the service runs, or forward its port and name it: kubectl port-forward --namespace linkerd deploy/linkerd-autoregistration 9996, then --admin-address 127.0.0.1:9996.",
  },
  NOT_LISTED: {
    category: "registration", exit: 1,
    title: "The registration service has no group or workload of that name.",
    remedy: "See what there is: linkerd-mesh group list, or linkerd-mesh workload list.",
  },
  GROUP_INVALID: {
    category: "registration", exit: 2,
    title: "A manifest of an ExternalGroup says something that cannot be used.",
    remedy: "Correct the field or the option that the message names; `linkerd-mesh group manifest --from FILE` checks a file.",
  },
  REGISTRATION_AWAY: {
    category: "registration", exit: 3,
    title: "The registration service cannot be reached; a machine that is registered keeps its traffic, and the call is made again.",
    remedy: "Check that this machine resolves and reaches CONTROL_ADDRESS and that the service runs there; nothing has to be done here when it is back.",
  },
  REGISTRATION_SERVER_NAME: {
    category: "registration", exit: 3,
    title: "What answers at the registration service's address is not the registration service.",
    remedy: "Compare CONTROL_SERVER_NAME with the DNS names in the service's certificate (its SPIRE entry's dnsNames); if something on the way ends TLS, take it out.",
  },
  REGISTRATION_NO_IDENTITY: {
    category: "registration", exit: 3,
    title: "The registration service did not see this machine's SPIFFE id.",
    remedy: "See the identity part of `linkerd-mesh status`; if it is good, the port of the service must be neither opaque nor skipped in its pod, and both must trust the same roots.",
  },
  REGISTRATION_ANSWER: {
    category: "registration", exit: 3,
    title: "The registration service answered something that this version cannot use.",
    remedy: "Install versions of service and machine that belong together; the service's log has its side.",
  },
  REGISTRATION_INVALID: {
    category: "registration", exit: 3,
    title: "The registration service does not take what this machine says of itself.",
    remedy: "The message names the field; correct the setting and restart the harness.",
  },
  REGISTRATION_QUOTA: {
    category: "registration", exit: 3,
    title: "This machine calls the registration service too often.",
    remedy: "Nothing to do: it waits as long as the service says. If it lasts, see whether something restarts the harness again and again.",
  },
  GROUP_NOT_FOUND: {
    category: "registration", exit: 3,
    title: "The group that this machine wants to join does not exist.",
    remedy: "Make it: `linkerd-mesh group manifest` prints one for WORKLOAD_GROUP_NAME and WORKLOAD_GROUP_NAMESPACE; the machine asks again every 15 s.",
  },
  GROUP_FULL: {
    category: "registration", exit: 3,
    title: "The group has as many machines as it may have.",
    remedy: "Raise spec.registration.maxWorkloads of the group, or let another machine leave: linkerd-mesh leave.",
  },
  GROUP_VALUES: {
    category: "registration", exit: 3,
    title: "The group tells this machine's proxy something that cannot be used; the machine goes on with what it had before.",
    remedy: "Correct spec.proxy of the group, or set the value on the machine, which ranks above it.",
  },
  IDENTITY_NOT_ALLOWED: {
    category: "registration", exit: 3,
    title: "The group does not let this machine's SPIFFE id in.",
    remedy: "Add the id, or a pattern that ends in /*, to spec.registration.identities of the group; the machine asks again by itself.",
  },
  ADDRESS_IN_USE: {
    category: "registration", exit: 3,
    title: "Another living machine is registered at this machine's address.",
    remedy: "`linkerd-mesh workload list` at the service shows which; stop it or let it leave, or correct INBOUND_NETWORK_ADDRESS here.",
  },
  ADDRESS_NOT_ALLOWED: {
    category: "registration", exit: 3,
    title: "This machine's address is outside the networks of its group.",
    remedy: "Correct INBOUND_NETWORK_ADDRESS, or add the network to spec.registration.allowedCIDRs of the group.",
  },
  ADDRESS_INVALID: {
    category: "registration", exit: 3,
    title: "This machine's address is none that peers could reach.",
    remedy: "Set INBOUND_NETWORK_ADDRESS to one IPv4 and at most one IPv6 address, neither loopback, link-local nor multicast, and restart the harness.",
  },
  LABEL_NOT_ALLOWED: {
    category: "registration", exit: 3,
    title: "This machine asks for a label that its group does not let machines set.",
    remedy: "Take it out of LABELS, or add its key to spec.registration.allowedLabels of the group.",
  },
  SUPERSEDED: {
    category: "registration", exit: 3,
    title: "A newer harness of this machine is registered; this one stays up, not ready.",
    remedy: "Two harnesses use one state folder's identity: stop this one, or, if the other is a mistake, stop that and restart this one.",
  },
  DUPLICATE_INSTANCE: {
    category: "registration", exit: 3,
    title: "Two living machines use one instance id: a clone, or a disk that was copied.",
    remedy: "On the copy, give the system an id of its own (Linux: rm /etc/machine-id && systemd-machine-id-setup; Windows: sysprep) or remove instance.json from STATE_DIR, and restart its harness.",
  },
  WORKLOAD_GONE: {
    category: "registration", exit: 3,
    title: "The registration service does not know this machine's workload any more; the machine registers again.",
    remedy: "Nothing to do. If it happens again and again, somebody deletes the workload: `linkerd-mesh leave` is the way to take a machine out.",
  },
  PROBE_EXEC_FORBIDDEN: {
    category: "harness", exit: 3,
    title: "The group's probe runs a program, which this machine does not allow; the machine is not ready.",
    remedy: "Set ALLOW_EXEC_PROBES=true on the machine if whoever edits the group may run programs on it as PROXY_USER, and restart the harness; or give the group an httpGet, tcpSocket or grpc probe.",
  },
  TRUST_ANCHORS: {
    category: "identity", exit: 3,
    title: "The file with further trust anchors cannot be used.",
    remedy: "Correct TRUST_ANCHORS_FILE: it takes a file with one or more PEM certificates.",
  },
  SIMULATOR_CLUSTER: {
    category: "simulator", exit: 2,
    title: "The file of the simulated cluster is not one.",
    remedy: "See docs/simulator.md for a file with a service and a workload.",
  },
  SIMULATOR_FAILED: {
    category: "simulator", exit: 3,
    title: "A part of the simulated mesh could not be started or reached.",
    remedy: "Check that the addresses are this machine's own and the ports free, and that `linkerd-mesh simulate` runs for what asks it.",
  },
  SMALL_PROXY_ENVIRONMENT: {
    category: "simulator", exit: 64,
    title: "The small proxy cannot use a variable of its environment, as linkerd2-proxy could not.",
    remedy: "Correct the variable that the message names; docs/proxy.md lists what a proxy needs.",
  },
  SMALL_PROXY_START: {
    category: "simulator", exit: 1,
    title: "The small proxy could not begin, as linkerd2-proxy could not: trust roots without a certificate, or an admin port in use.",
    remedy: "Correct LINKERD2_PROXY_IDENTITY_TRUST_ANCHORS, or free the admin port, as the message says.",
  },
  SMALL_PROXY_PANIC: {
    category: "simulator", exit: 101,
    title: "The small proxy ended as linkerd2-proxy ends when it panics: it could not bind a listener, or was told to crash.",
    remedy: "Free the port that the message names, or leave out --misbehave crash-after.",
  },
  SIMULATOR_SWITCH: {
    category: "simulator", exit: 2,
    title: "The simulated mesh has no such switch or value.",
    remedy: "`linkerd-mesh simulate set --help` lists the switches with their values.",
  },
  DEMO_FAILED: {
    category: "simulator", exit: 3,
    title: "The demo did not see what it set out to show.",
    remedy: "Read what it saw instead; `linkerd-mesh simulate demo --progress plain` tells every step.",
  },
  INTERNAL: {
    category: "internal", exit: 3,
    title: "Something happened that the program did not foresee.",
    remedy: "Please report it with the output of the same command run with LINKERD_MESH_LOG_LEVEL=debug.",
  },
} as const satisfies Record<string, ErrorEntry>;

/** A code of the catalogue. */
export type ErrorCode = keyof typeof errorCatalogue;
