import { Metadata, Server, ServerCredentials, status, type ServerWritableStream } from "@grpc/grpc-js";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { X509SVID, X509SVIDRequest, X509SVIDResponse } from "../../src/spiffe/generated/workload.ts";
import { SpiffeWorkloadAPIService } from "../../src/spiffe/generated/workload-service.ts";
import { derOf, keyDerOf, mintCertificate, type Issued } from "./certificates.ts";

type SvidStream = ServerWritableStream<X509SVIDRequest, X509SVIDResponse>;

/** What the fake does with a question. */
type Answer = { readonly response: X509SVIDResponse } | { readonly status: status; readonly message: string } | "nothing";

/**
 * A Workload API on a Unix socket of its own, with a real gRPC server: `publish` answers every open and later stream,
 * `refuse` ends them with a status, `hold` lets them wait, `stop` and `start` take the whole server away and back.
 */
export class FakeWorkloadApi implements AsyncDisposable {
  /** The metadata of every call, in order. */
  readonly calls: Metadata[] = [];
  readonly socketPath: string;
  readonly #folder: string;
  readonly #streams = new Set<SvidStream>();
  readonly #waiting: { readonly open: number; readonly resolve: () => void }[] = [];
  #answer: Answer = "nothing";
  #server: Server | undefined;

  private constructor(folder: string) {
    this.#folder = folder;
    this.socketPath = join(folder, "api.sock");
  }

  /** A fake that listens, unless told not to. */
  static async create({ started = true } = {}): Promise<FakeWorkloadApi> {
    const fake = new FakeWorkloadApi(await mkdtemp(join(tmpdir(), "spiffe-fake-")));
    if (started) await fake.start();
    return fake;
  }

  get address(): string {
    return `unix://${this.socketPath}`;
  }

  get openStreams(): number {
    return this.#streams.size;
  }

  /** Resolves when exactly so many streams are open. */
  async streamsOpen(open: number): Promise<void> {
    if (this.#streams.size === open) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ open, resolve });
    await promise;
  }

  async start(): Promise<void> {
    const server = new Server();
    server.addService(SpiffeWorkloadAPIService, {
      fetchX509Svid: (stream: SvidStream) => this.#open(stream),
      fetchX509Bundles: (stream: SvidStream) => stream.emit("error", { code: status.UNIMPLEMENTED }),
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.bindAsync(this.address, ServerCredentials.createInsecure(), (error) => (error === null ? resolve() : reject(error)));
    await promise;
    this.#server = server;
  }

  /** Cuts every connection and removes the socket, as a killed agent does. */
  async stop(): Promise<void> {
    this.#server?.forceShutdown();
    this.#server = undefined;
    await rm(this.socketPath, { force: true });
  }

  publish(...svids: readonly X509SVID[]): void {
    this.#give({ response: { svids: [...svids], crl: [], federatedBundles: {} } });
  }

  refuse(code: status, message = "no"): void {
    this.#give({ status: code, message });
  }

  hold(): void {
    this.#answer = "nothing";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await rm(this.#folder, { recursive: true, force: true });
  }

  #open(stream: SvidStream): void {
    this.calls.push(stream.metadata);
    this.#streams.add(stream);
    this.#settle();
    stream.on("close", () => this.#close(stream));
    stream.on("cancelled", () => this.#close(stream));
    this.#reply(stream);
  }

  #close(stream: SvidStream): void {
    this.#streams.delete(stream);
    this.#settle();
  }

  #give(answer: Answer): void {
    this.#answer = answer;
    for (const stream of this.#streams) this.#reply(stream);
  }

  #reply(stream: SvidStream): void {
    if (this.#answer === "nothing") return;
    if ("response" in this.#answer) stream.write(this.#answer.response);
    else stream.emit("error", { code: this.#answer.status, details: this.#answer.message, metadata: new Metadata() });
  }

  #settle(): void {
    for (const [index, { open, resolve }] of [...this.#waiting.entries()].reverse()) {
      if (open !== this.#streams.size) continue;
      this.#waiting.splice(index, 1);
      resolve();
    }
  }
}

/** A certificate authority that issues SVIDs as the Workload API carries them. */
export interface FakeIssuer {
  readonly root: Issued;
  svid(id: string, wish?: { readonly hint?: string; readonly expiresAt?: Date; readonly dnsNames?: readonly string[] }): Promise<X509SVID>;
}

/** Makes an issuer with a root of its own. */
export async function createIssuer(trustDomain = "mesh.test"): Promise<FakeIssuer> {
  const root = await mintCertificate({ subject: `CN=root of ${trustDomain}`, ca: true, uris: [`spiffe://${trustDomain}`] });
  return {
    root,
    async svid(id, { hint = "", ...wish } = {}) {
      const leaf = await mintCertificate({ subject: "CN=workload", issuer: root, uris: [id], ...wish });
      return { spiffeId: id, x509Svid: derOf(leaf), x509SvidKey: await keyDerOf(leaf), bundle: derOf(root), hint };
    },
  };
}
