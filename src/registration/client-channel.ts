import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { createSecureContext } from "node:tls";
import { ChannelCredentials, Client, Metadata, status, type ChannelOptions, type ServiceError } from "@grpc/grpc-js";
import type { HostPort } from "../model/settings/values.ts";
import type { TlsIdentity } from "./tls-identity.ts";

/** Where the registration service is, and the one DNS name that its certificate must have. */
export interface ServiceAddress {
  readonly address: HostPort;
  readonly serverName: string;
}

/** A method as the generated code describes it. */
export interface UnaryMethod<Q, A> {
  readonly path: string;
  readonly requestSerialize: (request: Q) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => A;
}

/** What is called with what, for how long at most. */
export interface UnaryCall<Q, A> {
  readonly method: UnaryMethod<Q, A>;
  readonly request: Q;
  /** Milliseconds. */
  readonly limit: number;
}

/** A channel that has one identity for life, and closes when it is retired and its last call has ended. */
export class ClientChannel {
  /** Tells identities and bundles apart. */
  readonly fingerprint: string;
  readonly identity: TlsIdentity;
  readonly #client: Client;
  #nameRefused = false;
  #proven = false;
  #calls = 0;
  #retired = false;

  constructor(service: ServiceAddress, identity: TlsIdentity) {
    this.identity = identity;
    this.fingerprint = fingerprintOf(identity);
    this.#client = new Client(renderTarget(service.address), this.#credentials(service), channelOptions(service));
  }

  /** The server showed a certificate that our bundle vouches for, but of somebody else. */
  get nameRefused(): boolean {
    return this.#nameRefused;
  }

  /** A call was answered over it, so it is the service's. */
  get proven(): boolean {
    return this.#proven;
  }

  /** Resolves to the answer; rejects with the ServiceError, or with the signal's reason once that is aborted. */
  async call<Q, A>({ method, request, limit }: UnaryCall<Q, A>, signal: AbortSignal): Promise<A> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<A>();
    this.#calls += 1;
    // The library compares with the system's own clock, whatever clock we have.
    const deadline = Date.now() + limit;
    const call = this.#client.makeUnaryRequest(method.path, method.requestSerialize, method.responseDeserialize, request, new Metadata(), { deadline }, (error, answer) => {
      if (error === null && answer !== undefined) resolve(answer);
      else reject(error ?? new Error("an answer without a message"));
    });
    const onAbort = (): void => {
      reject(signal.reason);
      call.cancel();
    };
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      const answer = await promise;
      this.#proven = true;
      return answer;
    } finally {
      signal.removeEventListener("abort", onAbort);
      this.#calls -= 1;
      this.#closeWhenIdle();
    }
  }

  /** No new calls; those under way go on. */
  retire(): void {
    this.#retired = true;
    this.#closeWhenIdle();
  }

  #closeWhenIdle(): void {
    if (this.#retired && this.#calls === 0) this.#client.close();
  }

  #credentials({ serverName }: ServiceAddress): ChannelCredentials {
    const { identity } = this;
    const context = createSecureContext({ ...identity.tlsCredentials(), ca: identity.bundle.pem(), minVersion: "TLSv1.3" });
    return ChannelCredentials.createFromSecureContext(context, {
      checkServerIdentity: (_host, { raw }) => {
        this.#nameRefused = !hasName(raw, serverName);
        return this.#nameRefused ? new Error(`the server's certificate is not for ${serverName}`) : undefined;
      },
    });
  }
}

/** True for an error of a gRPC call. */
export function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && "code" in error && "metadata" in error && typeof error.code === "number" && error.code in status;
}

/** What a channel's fingerprint is for an identity. */
export function fingerprintOf(identity: TlsIdentity): string {
  return `${identity.fingerprint}/${identity.bundle.fingerprint}`;
}

// Exactly, and among the subject alternative names: neither a wildcard nor a common name names a service of the mesh.
function hasName(der: Uint8Array, name: string): boolean {
  return new X509Certificate(der).checkHost(name, { subject: "never", wildcards: false }) !== undefined;
}

function renderTarget({ host, port }: HostPort): string {
  const family = isIP(host);
  if (family === 0) return `dns:///${host}:${port}`;
  return family === 6 ? `ipv6:[${host}]:${port}` : `ipv4:${host}:${port}`;
}

function channelOptions({ serverName }: ServiceAddress): ChannelOptions {
  return {
    // The certificate names the service, not its address; with an IP the library would name nobody.
    "grpc.ssl_target_name_override": serverName,
    "grpc.default_authority": serverName,
    "grpc.keepalive_time_ms": 30_000,
    "grpc.keepalive_timeout_ms": 10_000,
    "grpc.keepalive_permit_without_calls": 1,
    "grpc.max_receive_message_length": 256 * 1024,
    "grpc.use_local_subchannel_pool": 1,
    // The library's retries stay on: without a service config they repeat only calls that a closing connection never took.
    "grpc.service_config_disable_resolution": 1,
    "grpc.enable_http_proxy": 0,
    "grpc.enable_channelz": 0,
  };
}
