import { ServerCredentials, type Server } from "@grpc/grpc-js";
import type { Socket } from "node:net";

type Injector = ReturnType<Server["createConnectionInjector"]>;

/** HTTP/2 sessions on sockets that we accepted, in generations that can be sent away gently. */
export class ServerSessions {
  readonly #server: Server;
  #injector: Injector;

  constructor(server: Server) {
    this.#server = server;
    this.#injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  }

  take(socket: Socket): void {
    this.#injector.injectConnection(socket);
  }

  /** Every client so far is asked to connect anew; its calls under way have `grace` milliseconds. */
  sendAway(grace: number): void {
    const old = this.#injector;
    this.#injector = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
    old.drain(grace);
    old.destroy();
  }
}
