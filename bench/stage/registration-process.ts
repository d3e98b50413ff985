import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { mintIdentity, mintRoot } from "../../test/registration/wire-lab.ts";
import { keyPemOf, mintCertificate, pemOf, type Issued } from "../../test/fakes/certificates.ts";
import { profiling } from "./profiling.ts";
import type { Opening, Order, ServerKind, Usage } from "./registration-orders.ts";
import { serverName } from "./registration-samples.ts";
import type { MachineIdentity } from "./wire-machine.ts";

/** A registration server in a process of its own. */
export interface ServerProcess extends AsyncDisposable {
  readonly port: number;
  /** Resolves when the order is carried out, to what the process used until then. */
  order(order: Order): Promise<Usage>;
}

/** Starts it; `database` is where a store on disk shall be. */
export async function startServerProcess(kind: ServerKind, authority: Authority, database = ""): Promise<ServerProcess> {
  const child = fork(fileURLToPath(new URL("registration-server.ts", import.meta.url)), [], { execArgv: ["--expose-gc", ...profiling], serialization: "advanced" });
  const ended = once(child, "exit");
  const waiting = new Map<number, (usage: Usage) => void>();
  const opened = Promise.withResolvers<number>();
  child.on("message", (message: { readonly port: number } | { readonly id: number; readonly usage: Usage }) => {
    if ("port" in message) opened.resolve(message.port);
    else waiting.get(message.id)?.(message.usage);
  });
  void ended.then(() => opened.reject(new Error(`the server process (${kind}) ended`)));
  opened.promise.catch(() => undefined);
  const { server, root } = authority;
  child.send({ kind, cert: pemOf(server), key: await keyPemOf(server), bundle: pemOf(root), database } satisfies Opening);
  const port = await opened.promise;
  let last = 0;
  const order = async (wanted: Order): Promise<Usage> => {
    const { promise, resolve } = Promise.withResolvers<Usage>();
    const id = (last += 1);
    waiting.set(id, resolve);
    child.send({ id, order: wanted });
    return Promise.race([promise, ended.then(() => Promise.reject(new Error(`the server process (${kind}) ended`)))]).finally(() => waiting.delete(id));
  };
  const stop = async (): Promise<void> => {
    child.disconnect();
    await ended;
  };
  return { port, order, [Symbol.asyncDispose]: stop };
}

/** Who vouches for the servers and machines of the figures. */
export interface Authority {
  readonly root: Issued;
  readonly server: Issued;
}

/** A root, and a server that it vouches for. */
export async function makeAuthority(): Promise<Authority> {
  const root = await mintRoot();
  return { root, server: await mintCertificate({ issuer: root, uris: ["spiffe://root.linkerd.cluster.local/server"], dnsNames: [serverName] }) };
}

/** So many identities. They share a key, for making keys is no part of any figure; nothing on the wire tells. */
export async function mintMachines({ root }: Authority, count: number): Promise<readonly MachineIdentity[]> {
  const { keys } = await mintCertificate({});
  const machines: MachineIdentity[] = [];
  for (let index = 0; index < count; index += 1) {
    const id = `spiffe://root.linkerd.cluster.local/vm/machine-${index}`;
    machines.push({ index, id, tls: await mintIdentity(root, [root], { uris: [id], keys }) });
  }
  return machines;
}
