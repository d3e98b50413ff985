import { status } from "@grpc/grpc-js";
import type { Clock, Log } from "../../platform/host.ts";
import type { X509SVID } from "../../spiffe/generated/workload.ts";
import { Authority, type Credentials, type Subject } from "./authority.ts";
import { SkewedClock } from "../skewed-clock.ts";
import { WorkloadApiServer } from "./workload-api-server.ts";

/** How an identity misbehaves; `good` is the ordinary. */
export type IdentityFault = "good" | "expired" | "wrong-id" | "wrong-chain" | "no-entry" | "silent";

/** What an issuer gives, and to whom. */
export interface IssuerOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly socketPath: string;
  /** Called whenever the socket was made anew. */
  readonly socketOpened: () => Promise<void>;
  /** Whoever asks at the socket: a SPIFFE id, and names besides. */
  readonly subject: Subject;
  /** Life of an SVID in milliseconds; renewed at its half. */
  readonly ttl: number;
}

/** Gives one identity through a Workload API of its own, renews it at half its life, and misbehaves when told to. */
export class Issuer implements AsyncDisposable {
  readonly #options: IssuerOptions;
  readonly #clock: SkewedClock;
  readonly #server: WorkloadApiServer;
  readonly #stop = new AbortController();
  readonly #authority: Authority;
  /** Roots that the bundle held before; kept in it, as a rotation of roots is done. */
  #earlierRoots: readonly Buffer[] = [];
  #fault: IdentityFault = "good";
  #renewing: Promise<void> = Promise.resolve();
  #timer = new AbortController();

  private constructor(options: IssuerOptions, authority: Authority) {
    this.#options = options;
    this.#clock = new SkewedClock(options.clock);
    this.#authority = authority;
    this.#server = new WorkloadApiServer(options.socketPath, options.socketOpened);
  }

  /** An issuer that listens and has an identity to give. */
  static async open(options: IssuerOptions, authority: Authority): Promise<Issuer> {
    const issuer = new Issuer(options, authority);
    await issuer.rotate();
    await issuer.#server.open();
    return issuer;
  }

  /** Issues the identity anew and gives it to everybody at once. */
  async rotate(): Promise<void> {
    this.#timer.abort();
    const { signal } = (this.#timer = new AbortController());
    if (this.#fault === "silent") return this.#server.give({ kind: "silence" });
    if (this.#fault === "no-entry") return this.#server.give({ kind: "refuse", code: status.PERMISSION_DENIED, message: "no identity issued" });
    const svid = await this.#mint();
    // Somebody told us something else meanwhile: what is newer stands.
    if (signal.aborted) return;
    this.#server.give({ kind: "svids", response: { svids: [svid], crl: [], federatedBundles: {} } });
    this.#renewing = this.#renewLater(signal);
  }

  /** Lets its clock be wrong by so many milliseconds (ahead; negative is behind), and issues by it at once. */
  async setSkew(skew: number): Promise<void> {
    this.#clock.skew = skew;
    await this.rotate();
  }

  async misbehave(fault: IdentityFault): Promise<void> {
    this.#fault = fault;
    await this.rotate();
  }

  /** Adds a root to the bundle that signs nothing yet: what is trusted changes, who one is does not. */
  async addRoot(): Promise<void> {
    const other = await Authority.create(this.#authority.trustDomain, this.#clock.now());
    this.#earlierRoots = [...this.#earlierRoots, other.rootDer];
    await this.rotate();
  }

  /** The bundle holds the one root again that signs. */
  async dropRoots(): Promise<void> {
    this.#earlierRoots = [];
    await this.rotate();
  }

  cut(): void {
    this.#server.cut();
  }

  async open(): Promise<void> {
    await this.#server.open();
  }

  async close(): Promise<void> {
    await this.#server.close();
  }

  slow(milliseconds: number): void {
    this.#server.slow(milliseconds);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort(new Error("the issuer ends"));
    this.#timer.abort();
    await this.#renewing;
    await this.#server[Symbol.asyncDispose]();
  }

  async #mint(): Promise<X509SVID> {
    const { subject: { identity, also = [] }, ttl, log } = this.#options;
    const now = this.#clock.now();
    const authority = this.#fault === "wrong-chain" ? await Authority.create(this.#authority.trustDomain, now) : this.#authority;
    const spiffeId = this.#fault === "wrong-id" ? `${identity}-other` : identity;
    const notBefore = this.#fault === "expired" ? new Date(now.getTime() - 2 * ttl) : now;
    const credentials = await authority.issue({ identity: spiffeId, also }, { notBefore, ttl });
    log.write("info", "issued an SVID", { id: spiffeId, serial: credentials.serial, expires: credentials.expiresAt.toISOString() });
    return renderSvid(spiffeId, credentials, [this.#authority.rootDer, ...this.#earlierRoots]);
  }

  async #renewLater(signal: AbortSignal): Promise<void> {
    const { clock, ttl, log } = this.#options;
    try {
      await clock.sleep(ttl / 2, AbortSignal.any([signal, this.#stop.signal]));
    } catch {
      return;
    }
    // Not awaited: the renewal replaces this very wait.
    this.rotate().catch((error: unknown) => log.write("error", "an SVID could not be renewed", { why: String(error) }));
  }
}

function renderSvid(spiffeId: string, { chainDer, keyDer }: Credentials, roots: readonly Buffer[]): X509SVID {
  return { spiffeId, x509Svid: chainDer, x509SvidKey: keyDer, bundle: Buffer.concat(roots), hint: "" };
}
