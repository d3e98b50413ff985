import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { keyPemOf, mintCertificate, pemOf, type Issued } from "../fakes/certificates.ts";
import { buildSpire, type SpirePrograms } from "./spire/build.ts";
import { renderAgentConfig, renderServerConfig, unixAttestor, type SpireConfig } from "./spire/config.ts";
import { RunningProgram } from "./spire/program.ts";

/** An entry: who gets which identity. */
export interface EntryWish {
  readonly spiffeId: string;
  /** The user whose processes get it; ours when left out. */
  readonly uid?: number;
  /** Other selectors in the place of that user, all of which must fit. */
  readonly selectors?: readonly string[];
  /** Life of the SVIDs in seconds. The agent renews at half of it and looks every 5 s, so 20 is short enough for tests. */
  readonly ttl?: number;
  readonly dnsNames?: readonly string[];
}

/**
 * A real SPIRE: server and agent in a folder of their own, on a loopback port of their own; disposing it ends both and
 * removes the folder. Upstream CA from disk (root → upstream → server CA), node attestation x509pop, entries by uid.
 *
 *     await using spire = await Spire.start();            // server up; agent: false leaves the agent out
 *     const entry = await spire.createEntry({ spiffeId: "spiffe://mesh.test/vm/a", ttl: 20 });
 *     … SPIRE_SOCKET_ADDR = spire.address …               // the identity arrives within about 3 s
 *     await spire.killAgent(); await spire.startAgent();  // a crash and the way back, without attesting anew
 *     await spire.deleteEntry(entry);                     // PermissionDenied within about 3 s
 *     await spire.rotateRoot();                           // the bundle then holds the old and the new root
 *     await spire.activateRotatedRoot();                  // SVIDs from now on lead to the new root
 *
 * The programs are built once (spire/build.ts); call `buildSpire()` in a `before` with a long timeout.
 */
export class Spire implements AsyncDisposable {
  readonly trustDomain = "mesh.test";
  readonly agentId = "spiffe://mesh.test/spire/agent/x509pop/cn/node";
  readonly folder: string;
  readonly #programs: SpirePrograms;
  readonly #config: SpireConfig;
  readonly #roots: Issued[] = [];
  #server: RunningProgram | undefined;
  #agent: RunningProgram | undefined;
  #prepared: string | undefined;

  private constructor(folder: string, port: number, programs: SpirePrograms) {
    this.folder = folder;
    this.#programs = programs;
    this.#config = { folder, port, trustDomain: this.trustDomain };
  }

  /** Server up, and the agent attested unless it is not wanted yet. */
  static async start({ agent = true } = {}): Promise<Spire> {
    const programs = await buildSpire();
    await using undo = new AsyncDisposableStack();
    const spire = undo.use(new Spire(await mkdtemp(join(tmpdir(), "spire-")), await findPort(), programs));
    await spire.#prepareFolder();
    await spire.startServer();
    if (agent) await spire.startAgent();
    undo.move();
    return spire;
  }

  /** The server's port on loopback, for an agent of one's own; the folder has what such an agent needs to prove its node. */
  get port(): number {
    return this.#config.port;
  }

  /** The Workload API's address, there or not. */
  get address(): string {
    return `unix://${this.folder}/agent.sock`;
  }

  async startServer(): Promise<void> {
    this.#server = new RunningProgram(this.#programs.server, ["run", "-config", join(this.folder, "server.conf")]);
    await this.#server.printed(/Starting Server APIs.*network=unix/u);
    await this.#ask(["healthcheck"]);
  }

  async killServer(): Promise<void> {
    await this.#server?.kill();
  }

  /** Starts the agent and waits until the Workload API listens. */
  async startAgent(): Promise<void> {
    this.#agent = new RunningProgram(this.#programs.agent, ["run", "-config", join(this.folder, "agent.conf")]);
    await this.#agent.printed(/Starting Workload and SDS APIs/u);
  }

  /** Ends the agent as a crash does: its socket stays behind. */
  async killAgent(): Promise<void> {
    await this.#agent?.kill();
  }

  /** Lets the agent hang: connections are taken by the kernel and nobody answers. */
  freezeAgent(frozen: boolean): void {
    this.#agent?.freeze(frozen);
  }

  /** Creates an entry below our agent; returns its id. */
  async createEntry({ spiffeId, uid = process.getuid?.() ?? 0, selectors = [`unix:uid:${uid}`], ttl, dnsNames = [] }: EntryWish): Promise<string> {
    const answer = await this.#ask([
      "entry", "create", "-parentID", this.agentId, "-spiffeID", spiffeId, ...selectors.flatMap((selector) => ["-selector", selector]),
      ...(ttl === undefined ? [] : ["-x509SVIDTTL", String(ttl)]), ...dnsNames.flatMap((name) => ["-dns", name]), "-output", "json",
    ]) as { results: { status: { code: number; message: string }; entry: { id: string } }[] };
    const [result] = answer.results;
    if (result?.status.code !== 0) throw new Error(`entry create: ${result?.status.message}`);
    return result.entry.id;
  }

  async deleteEntry(id: string): Promise<void> {
    await this.#ask(["entry", "delete", "-entryID", id, "-output", "json"]);
  }

  /** The roots that were ever put above the server, oldest first, as PEM. */
  get roots(): readonly string[] {
    return this.#roots.map((root) => pemOf(root));
  }

  /** Puts a new root and upstream CA in place and lets the server prepare a CA below them, which adds the root to the bundle. */
  async rotateRoot(): Promise<void> {
    await this.#writeUpstream();
    const prepared = await this.#ask(["localauthority", "x509", "prepare", "-output", "json"]) as { prepared_authority: { authority_id: string } };
    this.#prepared = prepared.prepared_authority.authority_id;
  }

  /** Signs with the prepared CA from now on. */
  async activateRotatedRoot(): Promise<void> {
    await this.#ask(["localauthority", "x509", "activate", "-authorityID", this.#prepared ?? "", "-output", "json"]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent?.[Symbol.asyncDispose]();
    await this.#server?.[Symbol.asyncDispose]();
    await rm(this.folder, { recursive: true, force: true });
  }

  async #prepareFolder(): Promise<void> {
    // Whoever the harness runs as must reach the agent's socket; only throw-away keys lie here.
    await chmod(this.folder, 0o755);
    const nodeCa = await mintCertificate({ subject: "CN=node CA", ca: true });
    const node = await mintCertificate({ subject: "CN=node", issuer: nodeCa });
    await this.#write({ "node-ca.crt": pemOf(nodeCa), "node.crt": pemOf(node), "node.key": await keyPemOf(node) });
    await this.#writeUpstream();
    const agent = { ...this.#config, socketPath: `${this.folder}/agent.sock`, workloadAttestor: unixAttestor };
    await this.#write({ "server.conf": renderServerConfig(this.#config), "agent.conf": renderAgentConfig(agent) });
    await mkdir(join(this.folder, "server"));
    await mkdir(join(this.folder, "agent"));
  }

  async #writeUpstream(): Promise<void> {
    const expiresAt = new Date(Date.now() + 7 * 86_400_000);
    const root = await mintCertificate({ subject: `CN=root ${this.#roots.length + 1}`, ca: true, expiresAt });
    const upstream = await mintCertificate({ subject: `CN=upstream ${this.#roots.length + 1}`, issuer: root, ca: true, expiresAt });
    this.#roots.push(root);
    await this.#write({ "root.crt": pemOf(root), "upstream.crt": pemOf(upstream), "upstream.key": await keyPemOf(upstream) });
  }

  async #write(texts: Readonly<Record<string, string>>): Promise<void> {
    await Promise.all(Object.entries(texts).map(([name, text]) => writeFile(join(this.folder, name), text)));
  }

  /** Runs a command of spire-server; an object when it answers JSON. */
  async #ask(args: readonly string[]): Promise<unknown> {
    const socket = ["-socketPath", join(this.folder, "server.sock")];
    const words = args.findIndex((word) => word.startsWith("-"));
    const at = words < 0 ? args.length : words;
    const { stdout } = await promisify(execFile)(this.#programs.server, [...args.slice(0, at), ...socket, ...args.slice(at)]);
    return args.includes("json") ? JSON.parse(stdout) : stdout;
  }
}

async function findPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
