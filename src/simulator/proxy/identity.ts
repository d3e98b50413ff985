import { watchX509Context } from "../../spiffe/workload-api.ts";
import type { Clock } from "../../platform/host.ts";
import type { ProxyConfiguration } from "./configuration.ts";
import type { Say } from "./line.ts";
import type { TlsMaterial } from "./material.ts";

/** What following an identity needs. */
export interface IdentityOptions {
  readonly configuration: Pick<ProxyConfiguration, "identity" | "trustAnchors" | "workloadApi">;
  readonly clock: Clock;
  readonly say: Say;
  readonly random: () => number;
}

/** The proxy's own certificate, which is renewed while it runs. */
export class Identity {
  readonly #options: IdentityOptions;
  readonly #first = Promise.withResolvers<TlsMaterial>();
  #material: TlsMaterial | undefined;
  #expires = 0;
  #refreshes = 0;

  constructor(options: IdentityOptions) {
    this.#options = options;
  }

  /** Undefined before the first certificate. */
  get material(): TlsMaterial | undefined {
    return this.#material;
  }

  /** Resolves when the first certificate is there. */
  get first(): Promise<TlsMaterial> {
    return this.#first.promise;
  }

  /** Seconds since 1970 at which the certificate ends; 0 before the first. */
  get expires(): number {
    return this.#expires;
  }

  get refreshes(): number {
    return this.#refreshes;
  }

  /** Takes every certificate for the configured identity, and no other, until aborted. */
  async follow(signal: AbortSignal): Promise<void> {
    const { configuration: { identity, trustAnchors, workloadApi }, clock, say, random } = this.#options;
    const log = { write: say, child: () => log };
    for await (const event of watchX509Context({ address: parseAddress(workloadApi), clock, log, random }, signal)) {
      if (event.kind === "trouble") {
        say("warn", "Unexpected SPIRE Workload API response; retrying with a backoff", { error: event.error.message });
        continue;
      }
      const svid = event.context.svids.find(({ id }) => id === identity);
      if (svid === undefined) {
        say("error", "Error processing SVID update", { error: "no matching SVID found" });
        continue;
      }
      // The bundle beside it is not believed, as linkerd2-proxy does not either.
      this.#material = { ...svid.tlsCredentials(), ca: trustAnchors };
      this.#expires = Math.floor(svid.expiresAt.getTime() / 1000);
      this.#refreshes += 1;
      say("info", "Certified identity", { id: svid.id });
      this.#first.resolve(this.#material);
    }
  }
}

// linkerd2-proxy takes a bare path as well.
function parseAddress(given: string): string {
  return given.startsWith("/") ? `unix://${given}` : given;
}
