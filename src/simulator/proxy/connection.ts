import type { Socket } from "node:net";
import type { SocketAddress } from "../../platform/host.ts";
import { readFirstBytes, type FirstBytes } from "./client-hello.ts";
import { ControlClient } from "./control-client.ts";
import type { ProxyConfiguration } from "./configuration.ts";
import type { Identity } from "./identity.ts";
import type { Say } from "./line.ts";

/** What serving a connection needs. */
export interface ConnectionContext {
  readonly configuration: ProxyConfiguration;
  readonly identity: Identity;
  readonly say: Say;
  readonly originalDestination: (socket: Socket) => Promise<SocketAddress | undefined>;
}

/** How long a client may take to show what it speaks, milliseconds; as linkerd2-proxy. */
const detectWait = 10_000;

/** Looks at the first bytes and puts them back; whoever says nothing in time is plain. */
export async function peekFirstBytes(socket: Socket, patience: number = detectWait): Promise<FirstBytes> {
  const { promise, resolve } = Promise.withResolvers<FirstBytes>();
  let bytes = Buffer.alloc(0);
  const onReadable = (): void => {
    for (let part: Buffer | null = socket.read(); part !== null; part = socket.read()) bytes = Buffer.concat([bytes, part]);
    const seen = readFirstBytes(bytes);
    if (seen.kind !== "more") resolve(seen);
  };
  const onEnd = (): void => resolve({ kind: "plain" });
  const timer = setTimeout(onEnd, patience);
  socket.on("readable", onReadable).once("end", onEnd).once("close", onEnd);
  const seen = await promise;
  clearTimeout(timer);
  socket.off("readable", onReadable).off("end", onEnd).off("close", onEnd);
  if (bytes.length > 0 && !socket.readableEnded) socket.unshift(bytes);
  return seen;
}

/** Asks the control plane with the certificate of now. */
export async function askControl<T>({ configuration, identity }: ConnectionContext, ask: (client: ControlClient) => Promise<T>): Promise<T> {
  if (identity.material === undefined) throw new Error("the proxy has no certificate yet");
  using client = new ControlClient(configuration, identity.material);
  return await ask(client);
}
