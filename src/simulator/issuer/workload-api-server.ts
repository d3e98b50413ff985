import { Metadata, Server, ServerCredentials, status, type ServerWritableStream } from "@grpc/grpc-js";
import { MeshError } from "../../model/errors.ts";
import type { X509SVIDRequest, X509SVIDResponse } from "../../spiffe/generated/workload.ts";
import { SpiffeWorkloadAPIService } from "../../spiffe/generated/workload-service.ts";
import { renderGrpcAddress } from "../socket-path.ts";

type SvidStream = ServerWritableStream<X509SVIDRequest, X509SVIDResponse>;

/** What every caller of the Workload API is told: identities, an error, or nothing yet. */
export type WorkloadApiAnswer =
  | { readonly kind: "svids"; readonly response: X509SVIDResponse }
  | { readonly kind: "refuse"; readonly code: status; readonly message: string }
  | { readonly kind: "silence" };

const securityHeader = "workload.spiffe.io";

/** The SPIFFE Workload API on a Unix socket, for as long as it is not disposed. */
export class WorkloadApiServer implements AsyncDisposable {
  readonly #path: string;
  readonly #opened: () => Promise<void>;
  readonly #streams = new Set<SvidStream>();
  #answer: WorkloadApiAnswer = { kind: "silence" };
  #server: Server | undefined;
  #delay = 0;

  /** `opened` is called whenever the socket was made anew, for its mode. */
  constructor(path: string, opened: () => Promise<void>) {
    this.#path = path;
    this.#opened = opened;
  }

  /** Answers come so many milliseconds late. */
  slow(milliseconds: number): void {
    this.#delay = milliseconds;
  }

  /** Listens; does nothing when it does already. */
  async open(): Promise<void> {
    if (this.#server !== undefined) return;
    const server = new Server();
    server.addService(SpiffeWorkloadAPIService, {
      fetchX509Svid: (stream: SvidStream) => this.#take(stream),
      fetchX509Bundles: (stream: SvidStream) => fail(stream, status.UNIMPLEMENTED, "this issuer serves X.509 SVIDs only"),
    });
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    server.bindAsync(renderGrpcAddress(this.#path), ServerCredentials.createInsecure(), (error) => (error === null ? resolve() : reject(error)));
    await promise.catch((cause: unknown) => {
      throw new MeshError("SIMULATOR_FAILED", { doing: `offering the Workload API at ${this.#path}`, what: String(cause), target: this.#path, cause });
    });
    this.#server = server;
    // Whoever runs on this machine may ask, as with SPIRE; what he is told is his to get.
    await this.#opened();
  }

  /** Cuts every stream and stops listening, as an agent that was killed. */
  async close(): Promise<void> {
    this.#server?.forceShutdown();
    this.#server = undefined;
    this.#streams.clear();
  }

  /** Tells every caller, those of now and those to come. */
  give(answer: WorkloadApiAnswer): void {
    this.#answer = answer;
    for (const stream of this.#streams) this.#reply(stream);
  }

  /** Ends every open stream; whoever calls again is served. */
  cut(): void {
    for (const stream of this.#streams) fail(stream, status.UNAVAILABLE, "the stream was cut");
    this.#streams.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #take(stream: SvidStream): void {
    const header = stream.metadata.get(securityHeader);
    if (header.length !== 1 || header[0] !== "true") return fail(stream, status.INVALID_ARGUMENT, "security header missing from request");
    this.#streams.add(stream);
    stream.on("close", () => this.#streams.delete(stream));
    stream.on("cancelled", () => this.#streams.delete(stream));
    setTimeout(() => this.#reply(stream), this.#delay);
  }

  #reply(stream: SvidStream): void {
    const answer = this.#answer;
    if (!this.#streams.has(stream)) return;
    if (answer.kind === "svids") stream.write(answer.response);
    if (answer.kind !== "refuse") return;
    this.#streams.delete(stream);
    fail(stream, answer.code, answer.message);
  }
}

function fail(stream: SvidStream, code: status, details: string): void {
  stream.emit("error", { code, details, metadata: new Metadata() });
}
