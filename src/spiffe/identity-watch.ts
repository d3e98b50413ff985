import { isMeshError, MeshError } from "../model/errors.ts";
import type { Settings } from "../model/settings/settings.ts";
import type { Account, Host } from "../platform/host.ts";
import { parsePemCertificates, type Certificate } from "./certificate.ts";
import { selectSvid } from "./select-svid.ts";
import type { Svid } from "./svid.ts";
import type { TrustBundle } from "./trust-bundle.ts";
import { watchX509Context, type X509Event } from "./workload-api.ts";

/** The identity of this process and whom it trusts. */
export interface Identity {
  readonly svid: Svid;
  /** SPIRE's bundle and the anchors of TRUST_ANCHORS_FILE. */
  readonly anchors: TrustBundle;
}

/** News of the identity: a new one, or why there is none. */
export type IdentityNews = { readonly kind: "identity"; readonly identity: Identity } | { readonly kind: "trouble"; readonly error: MeshError };

/** What watching the identity needs. */
export interface IdentityOptions {
  readonly address: string;
  /** The wanted SPIFFE id; the only one offered when left out. */
  readonly wanted: string | undefined;
  readonly trustAnchorsFile: string | undefined;
  /** The service that must serve the named pipe, on Windows. */
  readonly spireService: string;
}

/** What the settings say of it. */
export function identityOptionsOf(settings: Pick<Settings, "spireSocketAddr" | "workloadIdentity" | "trustAnchorsFile" | "spireServiceName">): IdentityOptions {
  return { address: settings.spireSocketAddr, wanted: settings.workloadIdentity, trustAnchorsFile: settings.trustAnchorsFile, spireService: settings.spireServiceName };
}

/** The SVID with everybody whom we trust, not SPIRE's bundle alone: as the registration's wire takes it. */
export function credentialsOf({ svid, anchors }: Identity): Pick<Svid, "id" | "fingerprint" | "expiresAt" | "tlsCredentials"> & { readonly bundle: TrustBundle } {
  return { id: svid.id, fingerprint: svid.fingerprint, expiresAt: svid.expiresAt, bundle: anchors, tlsCredentials: () => svid.tlsCredentials() };
}

/** Follows the identity that SPIRE gives this process, for as long as the signal lasts. Errors: as watchX509Context. */
export async function* watchIdentity(host: Host, options: IdentityOptions, signal: AbortSignal): AsyncGenerator<IdentityNews, void, void> {
  const selector = selectorOf(await host.account());
  const source = {
    address: options.address, clock: host.clock, log: host.log, random: () => host.random(),
    probePipe: (path: string) => host.sockets.probePipe(path, options.spireService),
    ...(selector !== undefined && { selector }),
  };
  for await (const event of watchX509Context(source, signal)) yield await readNews(host, options, event);
}

/** The selector by which SPIRE's agent knows an account and no other. */
function selectorOf({ uid, sid }: Account): string | undefined {
  if (uid >= 0) return `unix:uid:${uid}`;
  return sid === undefined ? undefined : `windows:user_sid:${sid}`;
}

async function readNews(host: Host, options: IdentityOptions, event: X509Event): Promise<IdentityNews> {
  try {
    if (event.kind === "trouble") return { kind: "trouble", error: event.error };
    const svid = selectSvid(event.context, options.wanted);
    return { kind: "identity", identity: { svid, anchors: svid.bundle.with(await readAnchors(host, options.trustAnchorsFile)) } };
  } catch (error) {
    if (!isMeshError(error)) throw error;
    return { kind: "trouble", error };
  }
}

async function readAnchors(host: Host, path: string | undefined): Promise<readonly Certificate[]> {
  if (path === undefined) return [];
  const text = await host.files.readText(path);
  if (text === undefined) throw unusable(path, "there is no such file");
  const certificates = parsePemCertificates(text);
  if (certificates === undefined || certificates.length === 0) throw unusable(path, "it holds no PEM certificate");
  return certificates;
}

function unusable(path: string, what: string): MeshError {
  return new MeshError("TRUST_ANCHORS", { doing: `reading the trust anchors in ${path}`, what, target: path });
}
