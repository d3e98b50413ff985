import { MeshError } from "../../model/errors.ts";
import type { Account, Files, Finished, Processes } from "../host.ts";
import { parseListing, parseObjects, type Listing } from "./nft-listing.ts";
import { tableName } from "./nft-table.ts";

/** What the redirect needs of the machine. */
export interface RedirectTools {
  readonly processes: Processes;
  readonly files: Files;
  /** How long nft may take for one answer, in milliseconds; `answerLimit` when left out. */
  readonly answerLimit?: number;
  account(): Promise<Account>;
}

// Not by PATH: what runs with the right to change the network is not chosen by a variable.
const places = ["/usr/sbin/nft", "/sbin/nft", "/usr/bin/nft", "/usr/local/sbin/nft"];

/** The environment of every nft: a HOME where `nft -i` cannot leave its history file, and messages in English. */
export const nftEnvironment: Readonly<Record<string, string>> = { HOME: "/dev/null", LC_ALL: "C" };

/** Where nft is, or undefined when it is not installed. */
export async function findNft(files: Files): Promise<string | undefined> {
  for (const place of places) {
    if ((await files.stat(place))?.executable === true) return place;
  }
  return undefined;
}

/** The path of nft; REDIRECT_ABSENT when it is not installed. */
export async function requireNft(files: Files): Promise<string> {
  const file = await findNft(files);
  if (file !== undefined) return file;
  throw new MeshError("REDIRECT_ABSENT", {
    doing: "looking for nft", what: `there is none at ${places.join(", ")}`, remedy: installRemedy,
  });
}

/** How nft is brought to a machine. */
export const installRemedy = "Install the package nftables (apt install nftables, dnf install nftables, zypper install nftables).";

/** Another's rules that steer connections as ours would, as one sentence; undefined when there are none. */
export async function findRival(tools: RedirectTools, signal: AbortSignal): Promise<string | undefined> {
  const objects = parseObjects(await list(tools, ["chains"], signal));
  const rival = objects.find((one) => one.chain !== undefined && rivalChains.test(one.chain.name))?.chain;
  if (rival === undefined) return undefined;
  return `chain ${rival.name} in table ${rival.family} ${rival.table} steers connections to a Linkerd proxy already`;
}

// Linkerd's own proxy-init, and our iptables form.
const rivalChains = /^(PROXY_INIT_|LINKERD_MESH_)/;

/** Our table as the kernel holds it; undefined when there is none. */
export async function readTable(tools: RedirectTools, signal: AbortSignal): Promise<Listing | undefined> {
  if (!(await isTablePresent(tools, signal))) return undefined;
  try {
    return parseListing(await list(tools, ["table", "inet", tableName], signal));
  } catch (error) {
    // It may have gone with its owner between the two questions.
    if (!signal.aborted && !(await isTablePresent(tools, signal))) return undefined;
    throw error;
  }
}

/** Asks the kernel, without changing anything, whether it takes these commands; its complaint when it does not. */
export async function checkCommands(tools: RedirectTools, commands: string, signal: AbortSignal): Promise<string | undefined> {
  const result = await runNft(tools, { args: ["-c", "-f", "-"], input: commands }, signal);
  return result.code === 0 ? undefined : firstComplaint(result.stderr);
}

/** The first line of nft's complaint, without its pointers into the source. */
export function firstComplaint(stderr: string): string {
  const line = stderr.split("\n").find((one) => one.includes("Error: ")) ?? stderr.split("\n")[0] ?? "";
  return line.trim() || "nft gave no reason";
}

async function isTablePresent(tools: RedirectTools, signal: AbortSignal): Promise<boolean> {
  const objects = parseObjects(await list(tools, ["tables"], signal));
  return objects.some((one) => one.table?.family === "inet" && one.table.name === tableName);
}

async function list(tools: RedirectTools, what: readonly string[], signal: AbortSignal): Promise<string> {
  const result = await runNft(tools, { args: ["-j", "list", ...what] }, signal);
  if (result.code === 0) return result.stdout;
  throw new MeshError("REDIRECT_FAILED", {
    doing: `listing nftables ${what.join(" ")}`, what: firstComplaint(result.stderr),
    remedy: "Run it as root or with CAP_NET_ADMIN; otherwise do what nft's text says.",
  });
}

async function runNft(tools: RedirectTools, call: { readonly args: readonly string[]; readonly input?: string }, signal: AbortSignal): Promise<Finished> {
  const file = await requireNft(tools.files);
  const milliseconds = tools.answerLimit ?? answerLimit;
  const limit = AbortSignal.timeout(milliseconds);
  try {
    return await tools.processes.run({ ...call, file, environment: nftEnvironment }, AbortSignal.any([signal, limit]));
  } catch (error) {
    if (signal.aborted || !limit.aborted) throw error;
    throw new MeshError("REDIRECT_FAILED", { doing: `running nft ${call.args.join(" ")}`, what: `it did not end within ${milliseconds / 1_000} s`, cause: error });
  }
}

/** How long nft may take for one answer, in milliseconds; a table of a thousand networks takes some tens. */
export const answerLimit = 5_000;
