import type { Host } from "../platform/host.ts";
import { watchIdentity as watchSpireIdentity, type Identity, type IdentityOptions } from "../spiffe/identity-watch.ts";
import { describeProblem, type Problem } from "./problem.ts";

export type { Identity } from "../spiffe/identity-watch.ts";

/** News of the identity: a new one, or why there is none. */
export type IdentityNews = { readonly kind: "identity"; readonly identity: Identity } | { readonly kind: "problem"; readonly problem: Problem };

/** Follows the identity that SPIRE gives this process, as the harness tells of it. */
export async function* watchIdentity(host: Host, options: IdentityOptions, signal: AbortSignal): AsyncGenerator<IdentityNews, void, void> {
  for await (const news of watchSpireIdentity(host, options, signal)) yield news.kind === "identity" ? news : { kind: "problem", problem: describeProblem(news.error) };
}
