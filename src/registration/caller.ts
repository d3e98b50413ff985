import { X509Certificate } from "node:crypto";
import { parseSpiffeId } from "../model/settings/kinds/spiffe-id.ts";
import { refuseCall, type Refusal } from "./reasons.ts";

/** Who calls, as the connection proves it. No field of a request has a say. */
export interface Caller {
  /** SPIFFE id. */
  readonly identity: string;
  /** When the proof ends; undefined where the mesh proxy in front checks that. */
  readonly expiresAt: Date | undefined;
}

/** A caller, or why there is none. */
export type ReadCaller = { readonly ok: true; readonly caller: Caller } | { readonly ok: false; readonly refusal: Refusal };

/** Header in which Linkerd's proxy tells an application who its client is; the proxy removes what a client sends under this name. */
export const clientIdHeader = "l5d-client-id";

/** Reads the certificate with which the client proved itself in the TLS handshake; undefined when it gave none. */
export function readCertificateCaller(der: Uint8Array | undefined): ReadCaller {
  if (der === undefined) return refuse("the client has no certificate");
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(der);
  } catch {
    return refuse("the client's certificate cannot be read");
  }
  const named = readFirstName(certificate.subjectAltName ?? "");
  return named.ok ? acceptId(named.uri, certificate.validToDate) : refuse(named.why);
}

/** Reads what the mesh proxy in front of this service says of its client: the values of the header l5d-client-id. */
export function readSidecarCaller(values: readonly unknown[]): ReadCaller {
  const [value, ...more] = values;
  if (value === undefined) return refuse(`the mesh proxy gave no ${clientIdHeader}: the port is opaque or skipped, or the client is not in the mesh`);
  // Two of them cannot both be the proxy's.
  if (typeof value !== "string" || more.length > 0) return refuse(`the request has more than one ${clientIdHeader}`);
  return acceptId(value, undefined);
}

/** The refusal when the caller's proof has ended; a connection may outlive its certificate. */
export function judgeExpiry({ expiresAt }: Caller, now: Date): Refusal | undefined {
  if (expiresAt === undefined || now.getTime() < expiresAt.getTime()) return undefined;
  return refuseNobody(`the client's certificate expired at ${expiresAt.toISOString()}; it has to connect anew with a new one`);
}

type FirstName = { readonly ok: true; readonly uri: string } | { readonly ok: false; readonly why: string };

// Linkerd's proxies take the first name for the identity, so another one would be somebody else to them. Node writes
// names in the certificate's order and quotes one that could be mistaken for two, which no SPIFFE id could.
function readFirstName(names: string): FirstName {
  if (names === "") return { ok: false, why: "the client's certificate has no subject alternative name" };
  const unquoted = names.replaceAll(/"(?:[^"\\]|\\.)*"/gu, '""').split(", ");
  if (unquoted.filter((name) => name.startsWith("URI:")).length > 1) return { ok: false, why: "the client's certificate has more than one URI name" };
  const [first = ""] = unquoted;
  if (!first.startsWith("URI:")) return { ok: false, why: "the first name in the client's certificate is not a URI; Linkerd takes the first for the identity" };
  return { ok: true, uri: first.slice("URI:".length) };
}

function acceptId(text: string, expiresAt: Date | undefined): ReadCaller {
  const parsed = parseSpiffeId(text);
  return parsed.ok ? { ok: true, caller: { identity: parsed.value, expiresAt } } : refuse(`the client's identity is not a SPIFFE id of a workload: ${parsed.reason}`);
}

function refuse(why: string): ReadCaller {
  return { ok: false, refusal: refuseNobody(why) };
}

function refuseNobody(why: string): Refusal {
  return refuseCall("NO_IDENTITY", `The connection proves no SPIFFE id: ${why}.`);
}
