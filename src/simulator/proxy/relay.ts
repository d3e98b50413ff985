import { connect, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { Endpoint } from "../../linkerd/addresses.ts";

/** How long a connection to an endpoint may take to come about, milliseconds. */
const connectWait = 1000;

/** Connects to an endpoint in time. */
export async function openTcp({ ip, port }: Endpoint): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  const socket = connect({ host: ip, port, allowHalfOpen: true });
  socket.setTimeout(connectWait, () => socket.destroy(new Error(`no connection to ${ip}:${port} within a second`)));
  socket.once("error", reject).once("connect", () => {
    socket.setTimeout(0);
    resolve(socket);
  });
  return promise;
}

/** Carries bytes both ways until both sides have ended; the end of one side is the end of the other's input only. */
export async function relay(one: Duplex, other: Duplex): Promise<void> {
  if (one.destroyed || other.destroyed) {
    // One side left while the other was being reached: its end has been told already.
    one.destroy();
    other.destroy();
    return;
  }
  const { promise, resolve } = Promise.withResolvers<void>();
  let open = 2;
  for (const [from, to] of [[one, other], [other, one]] as const) {
    from.pipe(to);
    from.once("error", () => to.destroy());
    from.once("close", () => {
      if (!from.readableEnded) to.destroy();
      open -= 1;
      if (open === 0) resolve();
    });
  }
  await promise;
}
