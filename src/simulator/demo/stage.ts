/** What this machine lets the demo do, as observed. */
export interface Capabilities {
  /** Namespaces can be made without further ado. */
  readonly root: boolean;
  /** A user namespace with several uids can be made (kernel, newuidmap and a range in /etc/subuid). */
  readonly mappedUsers: boolean;
  /** Programs of the system that were found. */
  readonly programs: Readonly<Record<DemoProgram, boolean>>;
}

/** Programs of the system that the demo uses where they are. */
export type DemoProgram = "ip" | "nft" | "nsenter" | "setpriv" | "unshare";

/** How a user namespace is made in which there is a root and other accounts besides. */
export const userNamespace: readonly string[] = ["--user", "--map-root-user", "--map-auto"];

/** The Debian package that brings each program. */
export const packageOf: Readonly<Record<DemoProgram, string>> = {
  ip: "iproute2",
  nft: "nftables",
  nsenter: "util-linux",
  setpriv: "util-linux",
  unshare: "util-linux",
};

/**
 * Where the demo plays: `namespaces` is everything; `user-namespace` the same after entering one; `loopback` has no
 * redirect and says what it cannot show, why, and the command that would change it.
 */
export type Stage =
  | { readonly kind: "namespaces" }
  | { readonly kind: "user-namespace" }
  | { readonly kind: "loopback"; readonly why: string; readonly remedy: string };

/** Chooses the fullest stage that the machine allows. */
export function planStage(capabilities: Capabilities): Stage {
  const missing = [...new Set(listMissing(capabilities).map((program) => packageOf[program]))];
  if (missing.length > 0) {
    return {
      kind: "loopback",
      why: `no network namespaces and redirect without ${listMissing(capabilities).join(", ")}`,
      remedy: `apt-get install ${missing.join(" ")}`,
    };
  }
  if (capabilities.root) return { kind: "namespaces" };
  if (capabilities.mappedUsers) return { kind: "user-namespace" };
  return {
    kind: "loopback",
    why: "a redirect that exempts the proxy by its uid needs root, or a user namespace with several uids",
    remedy: "run it as root, or: apt-get install uidmap, and give yourself a range in /etc/subuid and /etc/subgid",
  };
}

function listMissing({ programs }: Capabilities): readonly DemoProgram[] {
  return (Object.keys(packageOf) as DemoProgram[]).filter((program) => !programs[program]);
}
