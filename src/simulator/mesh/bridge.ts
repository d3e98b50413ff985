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
  // Every end takes the others along; `far` by name, since a write of its own that nobody reads any more would never end.
  socket.once("error", () => near.destroy()).once("close", () => near.destroy());
  near.once("error", () => socket.destroy()).once("close", () => {
    socket.destroy();
    far.destroy();
  });
  return far;
}
