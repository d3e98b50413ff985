import { duplexPair, type Duplex } from "node:stream";

/**
 * A stream that carries what a socket carries, beginning with bytes that were read already. HTTP servers are given this and
 * not the socket: Node's HTTP/2 takes a socket's handle over and would miss, or hang on, what was read before.
 */
export function bridgeSocket(socket: Duplex, alreadyRead: Buffer): Duplex {
  const [near, far] = duplexPair();
  if (alreadyRead.length > 0) near.write(alreadyRead);
  socket.pipe(near);
  near.pipe(socket);
  // Either end takes the other along.
  for (const [one, other] of [[socket, near], [near, socket]] as const) {
    one.once("error", () => other.destroy());
    one.once("close", () => other.destroy());
  }
  return far;
}
