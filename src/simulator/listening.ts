import type { Server as HttpServer } from "node:http";
import type { ListenOptions, Server } from "node:net";
import type { ErrorCode } from "../model/error-catalogue.ts";
import { MeshError } from "../model/errors.ts";

/** What the error says when a server cannot listen. */
export interface ListenFailure {
  readonly code: ErrorCode;
  readonly doing: string;
  readonly target: string;
}

/** Lets a server listen; rejects with the failure, and the system's own words, when it cannot. */
export async function openListener(server: Server, where: ListenOptions, { code, doing, target }: ListenFailure): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once("error", reject).listen(where, resolve);
  await promise.catch((cause: unknown) => {
    throw new MeshError(code, { doing, what: String(cause), target, cause });
  });
}

/** The end of an HTTP server: it stops listening, and connections that are kept alive are cut. */
export function closingHttp(server: HttpServer): AsyncDisposable {
  return {
    async [Symbol.asyncDispose]() {
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      await closed;
    },
  };
}
