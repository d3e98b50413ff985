import { connect, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { HostPort } from "../model/settings/values.ts";
import { renderCause } from "./problem.ts";

/** What a TLS connection of this machine presents and believes; PEM. */
export interface TlsIdentity {
  readonly cert: string;
  readonly key: string;
  readonly ca: string;
}

/** A connection that is tried. */
export interface DialOptions {
  readonly address: HostPort;
  /** With TLS when given: the server must prove that name. */
  readonly tls: (TlsIdentity & { readonly serverName: string }) | undefined;
  /** Undefined where the signal alone is the bound. */
  readonly milliseconds: number | undefined;
}

/** Why no connection could be made in time; undefined when one was, and was closed again. */
export async function dial({ address, tls, milliseconds }: DialOptions, signal: AbortSignal): Promise<string | undefined> {
  using socket = openSocket(address, tls);
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  socket.raw.once(tls === undefined ? "connect" : "secureConnect", () => resolve(undefined));
  socket.raw.once("error", (error) => resolve(renderCause(error)));
  socket.raw.once("close", () => resolve("the connection was closed"));
  const bounded = milliseconds === undefined ? signal : AbortSignal.any([signal, AbortSignal.timeout(milliseconds)]);
  using _listening = listen(bounded, () => resolve(milliseconds === undefined ? "no answer" : `no answer within ${milliseconds / 1000} s`));
  return await promise;
}

function openSocket({ host, port }: HostPort, tls: DialOptions["tls"]): { readonly raw: Socket } & Disposable {
  const raw = tls === undefined
    ? connect({ host, port })
    : connectTls({ host, port, servername: tls.serverName, cert: tls.cert, key: tls.key, ca: tls.ca, minVersion: "TLSv1.3", ALPNProtocols: ["h2"] });
  return { raw, [Symbol.dispose]: () => void raw.destroy() };
}

function listen(signal: AbortSignal, onAbort: () => void): Disposable {
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  return { [Symbol.dispose]: () => signal.removeEventListener("abort", onAbort) };
}
