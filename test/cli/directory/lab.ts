import { createServer } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import type { AdminServer } from "../../../src/autoregistration/admin-server.ts";
import type { Host, Log } from "../../../src/platform/host.ts";
import { JumpingClock } from "../../fakes/jumping-clock.ts";
import { now } from "../../autoregistration/samples.ts";
import { createFakeHost } from "../fake-host.ts";
import { runInProcess, type Ran } from "../in-process.ts";

/** A machine whose clock stands and whose pauses are over at once. */
export function createImpatientHost(log: Log, environment: Readonly<Record<string, string>> = {}, texts: Readonly<Record<string, string>> = {}): Host {
  const clock = new JumpingClock(new Date(now));
  const impatient = { now: () => clock.now(), monotonic: () => clock.monotonic(), sleep: (_milliseconds: number, signal: AbortSignal) => passTurns(signal) };
  return Object.assign(Object.create(createFakeHost({ log, environment, texts })) as Host, { clock: impatient, random: () => 0.5 });
}

/** Asks a registration service as a user would. */
export function ask(server: Pick<AdminServer, "address">, line: string, signal = new AbortController().signal): Promise<Ran> {
  return runInProcess([...line.split(" "), "--admin-address", `${server.address.host}:${server.address.port}`], { host: (log) => createImpatientHost(log), signal });
}

/** Something that is no registration service: the same answer to every request. */
export async function openStranger(status: number, body: string): Promise<AsyncDisposable & Pick<AdminServer, "address">> {
  const server = createServer((_request, response) => response.writeHead(status, { "content-type": "text/html" }).end(body)).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    address: { host: "127.0.0.1", port: (server.address() as AddressInfo).port },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
}

// Lets sockets have their turn, which a pause of no length would not.
async function passTurns(signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise((resolve) => setImmediate(resolve));
}
