import { createServer, type Server, type Socket } from "node:net";
import { untilAborted } from "../../base/abort.ts";
import type { Endpoint } from "../../linkerd/addresses.ts";
import type { Say } from "./line.ts";

/** What a listener does with its connections. */
export interface ListenerOptions {
  readonly listen: Endpoint;
  /** Serves a paused connection to its end; a rejection closes it with a reset. */
  readonly serve: (socket: Socket) => Promise<void>;
  readonly say: Say;
}

/** A port of the proxy with the connections that came by it. */
export class Listener implements AsyncDisposable {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #taken = 0;

  private constructor({ serve, say }: ListenerOptions) {
    this.#server = createServer({ pauseOnConnect: true, allowHalfOpen: true, noDelay: true }, (socket) => {
      this.#taken += 1;
      this.#sockets.add(socket);
      socket.on("error", () => socket.destroy());
      socket.once("close", () => this.#sockets.delete(socket));
      serve(socket).catch((error: unknown) => {
        say("info", "Connection closed", { error: error instanceof Error ? error.message : String(error), "client.addr": `${socket.remoteAddress}:${socket.remotePort}` });
        if (!socket.destroyed) socket.resetAndDestroy();
      });
    });
  }

  /** Listens; rejects when the port is taken. */
  static async open(options: ListenerOptions): Promise<Listener> {
    const listener = new Listener(options);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    listener.#server.once("error", reject).listen({ port: options.listen.port, host: options.listen.ip }, resolve);
    await promise;
    return listener;
  }

  get counts(): { readonly taken: number; readonly open: number } {
    return { taken: this.#taken, open: this.#sockets.size };
  }

  /** Takes no more connections and lets those that are here end, until aborted; then they are cut. */
  async drain(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    await untilAborted(promise, signal).catch(() => undefined);
    for (const socket of this.#sockets) socket.destroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain(AbortSignal.abort());
  }
}
