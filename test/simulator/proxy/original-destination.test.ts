import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { readOriginalDestination } from "../../../src/platform/linux/original-destination.ts";
import { enterOwnNetwork, missingForOwnNetwork, ownAddresses } from "../../support/own-network.ts";
import { skipUnless } from "../../support/skip.ts";

const captured = 8080;
const listening = 4143;

describe("original destination of a redirected connection", () => {
  const reason = missingForOwnNetwork();
  skipUnless("original-destination", reason === undefined, reason ?? "");

  let network: Disposable;
  let servers: readonly Server[];

  before(async () => {
    network = enterOwnNetwork();
    const rules = `table inet mp_test {
      chain output { type nat hook output priority -100; tcp dport ${captured} redirect to :${listening}; }
      chain prerouting { type nat hook prerouting priority -100; tcp dport ${captured} redirect to :${listening}; }
    }`;
    assert.equal(spawnSync("nft", ["-f", "-"], { input: rules }).status, 0);
    // On :: alone, IPv4 arrives at the same socket as a mapped address.
    servers = [createServer({ allowHalfOpen: true }).listen({ host: "::", port: listening })];
    await Promise.all(servers.map((server) => once(server, "listening")));
  });

  after(() => {
    for (const server of servers) server.close();
    network[Symbol.dispose]();
  });

  for (const [family, address] of Object.entries(ownAddresses)) {
    it(`is known over IP${family}, at a socket that takes both families`, async () => {
      assert.deepEqual(await dial(address, captured), { host: address, port: captured });
    });

    it(`is the address that was dialled when nothing was redirected, over IP${family}`, async () => {
      assert.deepEqual(await dial(address, listening), { host: address, port: listening });
    });
  }

  it("is not known of a socket that has no descriptor any more", async () => {
    const [server = createServer()] = servers;
    const [accepted] = await Promise.all([once(server, "connection") as Promise<[Socket]>, reach(ownAddresses.v4, captured)]);
    accepted[0].destroy();
    assert.equal(readOriginalDestination(accepted[0]), undefined);
  });

  async function dial(host: string, port: number): Promise<ReturnType<typeof readOriginalDestination>> {
    const [server = createServer()] = servers;
    const [[socket]] = await Promise.all([once(server, "connection") as Promise<[Socket]>, reach(host, port)]);
    assert.equal((server.address() as AddressInfo).port, listening);
    const original = readOriginalDestination(socket);
    socket.destroy();
    return original;
  }

  async function reach(host: string, port: number): Promise<void> {
    const client = connect(port, host);
    client.on("error", () => undefined).resume();
    await once(client, "connect");
    client.end();
  }
});
