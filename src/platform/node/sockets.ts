import { createServer } from "node:net";
import { networkInterfaces } from "node:os";
import type { LocalAddress } from "../host.ts";

/** Addresses of all interfaces that are up. */
export function listAddresses(): readonly LocalAddress[] {
  return Object.entries(networkInterfaces()).flatMap(([name, addresses]) =>
    (addresses ?? []).map(({ address, family, internal }) => ({
      address,
      family: family === "IPv6" ? (6 as const) : (4 as const),
      interface: name,
      loopback: internal,
    })),
  );
}

/** True when that port could be bound: tried by binding it for a moment. */
export async function probePort(address: string, port: number): Promise<boolean> {
  const server = createServer();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  server.once("error", () => resolve(false));
  server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve(true)));
  return promise;
}
