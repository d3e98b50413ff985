import type { Duplex } from "node:stream";
import { decodeTransportHeader, type TransportHeader } from "../../linkerd/transport-header.ts";

/** The transport header at the beginning of a connection and what came behind it; throws when there is none in time. */
export async function readTransportHeader(socket: Duplex, signal: AbortSignal): Promise<{ readonly header: TransportHeader; readonly rest: Buffer }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ readonly header: TransportHeader; readonly rest: Buffer }>();
  let bytes = Buffer.alloc(0);
  const onData = (part: Buffer): void => {
    bytes = Buffer.concat([bytes, part]);
    const decoded = decodeTransportHeader(bytes);
    if (decoded.state === "header") resolve(decoded);
    if (decoded.state === "refused") reject(new Error(decoded.why));
  };
  const onEnd = (): void => reject(new Error("the connection ended before its transport header"));
  const onAbort = (): void => reject(signal.reason);
  socket.on("data", onData).once("close", onEnd).once("end", onEnd);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  using _listening = { [Symbol.dispose]: () => {
    socket.pause();
    socket.off("data", onData).off("close", onEnd).off("end", onEnd);
    signal.removeEventListener("abort", onAbort);
  } };
  return await promise;
}
