import { AsyncQueue } from "../base/async-queue.ts";
import { MeshError } from "../model/errors.ts";
import type { Host } from "../platform/host.ts";
import type { TlsIdentity } from "../registration/tls-identity.ts";
import { credentialsOf, watchIdentity, type Identity, type IdentityOptions } from "../spiffe/identity-watch.ts";
import type { Vitals } from "./vitals.ts";

/** What the server's identity depends on. */
export interface ServerIdentityOptions extends IdentityOptions {
  /** The DNS name that machines ask for. */
  readonly serverName: string;
}

/** The identity that the service shows to machines, followed for as long as the service lives. */
export class ServerIdentity {
  /** Each identity once, for the server that rotates them. */
  readonly identities = new AsyncQueue<TlsIdentity>();
  readonly #host: Host;
  readonly #options: ServerIdentityOptions;
  readonly #vitals: Vitals;
  #current: Identity | undefined;

  constructor(host: Host, options: ServerIdentityOptions, vitals: Vitals) {
    this.#host = host;
    this.#options = options;
    this.#vitals = vitals;
  }

  get id(): string | undefined {
    return this.#current?.svid.id;
  }

  get expiresAt(): Date | undefined {
    return this.#current?.svid.expiresAt;
  }

  /** Follows SPIRE until the signal. Errors: those that no patience cures, as SPIRE_ADDRESS. */
  async follow(signal: AbortSignal): Promise<void> {
    let told: string | undefined;
    for await (const news of watchIdentity(this.#host, this.#options, signal)) {
      if (news.kind === "identity") {
        told = undefined;
        this.#take(news.identity);
      } else {
        this.#tell(news.error, told);
        told = news.error.what;
      }
    }
    this.identities.end();
  }

  #tell(error: MeshError, told: string | undefined): void {
    const { log, clock } = this.#host;
    if (error.what !== told) log.write("warn", "no news of this server's identity", { code: error.code, what: error.what, remedy: error.remedy });
    // While the one in use is good, a SPIRE that is away is nobody's trouble.
    const expired = this.#current === undefined || this.#current.svid.expiresAt.getTime() <= clock.now().getTime();
    if (expired) this.#vitals.trouble("identity", error);
  }

  #take(identity: Identity): void {
    const { svid, anchors } = identity;
    const before = this.#current;
    this.#current = identity;
    this.#vitals.trouble("identity", undefined);
    const same = before?.svid.fingerprint === svid.fingerprint && before.anchors.fingerprint === anchors.fingerprint;
    if (same) return;
    this.#host.log.write("info", "identity received", { id: svid.id, expires: svid.expiresAt.toISOString() });
    this.#judgeName(svid.dnsNames, svid.id);
    this.identities.push(credentialsOf(identity));
  }

  #judgeName(names: readonly string[], id: string): void {
    const { serverName } = this.#options;
    const error = names.includes(serverName) ? undefined : nameMissing(serverName, { names, id });
    this.#vitals.trouble("name", error);
    if (error !== undefined) this.#host.log.write("error", error.what, { code: error.code, remedy: error.remedy });
  }
}

function nameMissing(serverName: string, { names, id }: { readonly names: readonly string[]; readonly id: string }): MeshError {
  const has = names.length === 0 ? "no DNS name" : `only ${names.join(", ")}`;
  return new MeshError("SERVER_NAME_MISSING", {
    doing: "looking at this server's identity",
    what: `the identity ${id} has ${has}, and machines ask for ${serverName}: they will refuse this server`,
    remedy: `Give its SPIRE entry the name: spire-server entry update -entryID ID -spiffeID ${id} -dns ${serverName}, with all else that the entry has; or set CONTROL_SERVER_NAME here and on every machine to a name that it has.`,
    target: "CONTROL_SERVER_NAME",
  });
}
