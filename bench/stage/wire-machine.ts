import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { connect as connectHttp2, type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from "node:http2";
import { connect as connectTls, createSecureContext, type SecureContext, type TLSSocket } from "node:tls";
import { RegisterRequest, RegisterResponse, RenewRequest, RenewResponse } from "../../src/registration/generated/registration.ts";
import { encodeRegister, encodeRenew } from "../../src/registration/messages-calls.ts";
import type { MachineHealth } from "../../src/registration/messages.ts";
import type { TlsIdentity } from "../../src/registration/tls-identity.ts";
import { groupKey, serverName } from "./registration-samples.ts";

/** A machine's identity and its number. */
export interface MachineIdentity {
  readonly index: number;
  readonly id: string;
  readonly tls: TlsIdentity;
}

const contexts = new WeakMap<MachineIdentity, SecureContext>();
const path = "/meshregistration.v1.Registration";

/**
 * A machine as the server sees it: its own mutual TLS connection, and the calls as our client makes them. It speaks HTTP/2
 * itself, for a client library for each of thousands would be slower than the server that is measured.
 */
export class Machine {
  readonly #who: MachineIdentity;
  readonly #port: number;
  readonly #instanceId = randomUUID();
  #life = { incarnationId: randomUUID() as string, epoch: 1 };
  #socket: TLSSocket | undefined;
  #session: ClientHttp2Session | undefined;
  #seq = 0;
  #token = "";
  #workload = { namespace: "", name: "" };
  #configVersion = "";

  constructor(who: MachineIdentity, port: number) {
    this.#who = who;
    this.#port = port;
  }

  /** Connects; resolves when the server has shown that it speaks HTTP/2 with us. */
  async connect(): Promise<void> {
    const socket = connectTls({ host: "127.0.0.1", port: this.#port, secureContext: this.#context(), servername: serverName, ALPNProtocols: ["h2"] });
    socket.setNoDelay(true);
    await once(socket, "secureConnect");
    const session = connectHttp2(`https://${serverName}`, { createConnection: () => socket });
    session.on("error", () => undefined);
    this.#socket = socket;
    this.#session = session;
    const { promise: gone, reject } = Promise.withResolvers<never>();
    gone.catch(() => undefined);
    session.once("close", () => reject(new Error("the server closed the connection")));
    await Promise.race([once(session, "remoteSettings"), gone]);
  }

  /** The connection is gone at once, without a word. */
  cut(): void {
    this.#session?.destroy();
    this.#socket?.destroy();
  }

  /** Joins its group; `restarted` as the next process of the machine. */
  async register(restarted = false): Promise<void> {
    if (restarted) this.#life = { incarnationId: randomUUID(), epoch: this.#life.epoch + 1 };
    const request = encodeRegister({
      group: groupKey, incarnation: this.#incarnation(), addresses: this.#addresses(), inboundPort: 4143, labels: { tier: "gold" }, health: this.#health("Ready"),
      facts: { harnessVersion: "0.1.0", proxyVersion: "2.366.0", os: "linux", hostname: `machine-${this.#who.index}`, zone: "eu-1a" },
    });
    const answer = RegisterResponse.decode(await this.#call("Register", Buffer.from(RegisterRequest.encode(request).finish())));
    this.#workload = { namespace: answer.workloadNamespace, name: answer.workloadName };
    this.#configVersion = answer.configVersion;
    this.#token = answer.lease?.token ?? "";
  }

  /** Says that it lives and is ready. */
  async renew(): Promise<void> {
    const request = encodeRenew({ workload: this.#workload, token: this.#token, incarnation: this.#incarnation(), addresses: this.#addresses(), health: this.#health("Ready"), configVersion: this.#configVersion });
    const answer = RenewResponse.decode(await this.#call("Renew", Buffer.from(RenewRequest.encode(request).finish())));
    this.#token = answer.lease?.token ?? "";
  }

  #context(): SecureContext {
    const known = contexts.get(this.#who) ?? createSecureContext({ ...this.#who.tls.tlsCredentials(), ca: this.#who.tls.bundle.pem(), minVersion: "TLSv1.3" });
    contexts.set(this.#who, known);
    return known;
  }

  #incarnation(): { readonly instanceId: string; readonly incarnationId: string; readonly epoch: number; readonly startedAt: Date } {
    return { instanceId: this.#instanceId, ...this.#life, startedAt: new Date(1.7e12) };
  }

  #addresses(): readonly string[] {
    const { index } = this.#who;
    return [`10.0.${Math.floor(index / 250)}.${(index % 250) + 1}`];
  }

  #health(state: MachineHealth["state"]): MachineHealth {
    const now = new Date();
    this.#seq += 1;
    return { state, seq: this.#seq, reason: "Serving", message: "", lastProbe: now, lastTransition: now, svidExpires: this.#who.tls.expiresAt, proxyReady: true, identityReady: true, redirectReady: true, applicationReady: true };
  }

  async #call(method: "Register" | "Renew", message: Buffer): Promise<Buffer> {
    if (this.#session === undefined) throw new Error("the machine is not connected");
    const stream = this.#session.request({
      ":method": "POST", ":path": `${path}/${method}`, ":authority": serverName, "content-type": "application/grpc", "te": "trailers",
      "grpc-timeout": "5000m", "grpc-accept-encoding": "identity,deflate,gzip", "user-agent": "grpc-node-js/1.14.7",
    });
    const prefix = Buffer.alloc(5);
    prefix.writeUInt32BE(message.length, 1);
    stream.end(Buffer.concat([prefix, message]));
    return readAnswer(stream);
  }
}

function readAnswer(stream: ClientHttp2Stream): Promise<Buffer> {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const parts: Buffer[] = [];
  let told: IncomingHttpHeaders = {};
  stream.on("response", (headers) => (told = headers));
  stream.on("trailers", (headers: IncomingHttpHeaders) => (told = headers));
  stream.on("data", (part: Buffer) => parts.push(part));
  stream.on("error", reject);
  stream.on("close", () => {
    if (told["grpc-status"] === "0") resolve(Buffer.concat(parts).subarray(5));
    else reject(new Error(`the call ended with status ${String(told["grpc-status"])}: ${String(told["grpc-message"])}`));
  });
  return promise;
}
