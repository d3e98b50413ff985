import assert from "node:assert/strict";
import { Client, credentials, Metadata, status } from "@grpc/grpc-js";
import { join } from "node:path";
import { WorkloadApiServer } from "../../../src/simulator/issuer/workload-api-server.ts";
import { makeFolder } from "../lab.ts";

/** How a call of a method ends that is answered by messages, with this metadata. */
async function call(path: string, method: string, headers: Readonly<Record<string, string>>): Promise<status | "a message"> {
  const client = new Client(`unix://${path}`, credentials.createInsecure());
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  const stream = client.makeServerStreamRequest(`/SpiffeWorkloadAPI/${method}`, () => Buffer.alloc(0), (bytes) => bytes, {}, metadata);
  const { promise, resolve } = Promise.withResolvers<status | "a message">();
  stream.on("data", () => resolve("a message")).on("error", (error: Error & { code: status }) => resolve(error.code));
  const outcome = await promise;
  stream.cancel();
  client.close();
  return outcome;
}

describe("simulator: Workload API", () => {
  const good = { "workload.spiffe.io": "true" };
  for (const [what, method, headers, outcome] of [
    ["a caller with the security header", "FetchX509SVID", good, "a message"],
    ["one without it", "FetchX509SVID", {}, status.INVALID_ARGUMENT],
    ["one with another value of it", "FetchX509SVID", { "workload.spiffe.io": "True" }, status.INVALID_ARGUMENT],
    ["who wants bundles alone", "FetchX509Bundles", good, status.UNIMPLEMENTED],
    ["who wants a JWT", "FetchJWTBundles", good, status.UNIMPLEMENTED],
  ] as const) {
    it(`answers ${what}: ${typeof outcome === "string" ? outcome : status[outcome]}`, async () => {
      await using folder = await makeFolder();
      const path = join(folder.path, "api.sock");
      await using server = new WorkloadApiServer(path, () => Promise.resolve());
      await server.open();
      server.give({ kind: "svids", response: { svids: [], crl: [], federatedBundles: {} } });
      assert.equal(await call(path, method, headers), outcome);
    });
  }

  it("says when its socket was made, each time", async () => {
    await using folder = await makeFolder();
    let made = 0;
    await using server = new WorkloadApiServer(join(folder.path, "api.sock"), () => Promise.resolve(void (made += 1)));
    await server.open();
    await server.open();
    await server.close();
    await server.open();
    assert.equal(made, 2);
  });

  it("cannot listen where there is no folder, and says where", async () => {
    await using folder = await makeFolder();
    const path = join(folder.path, "none", "api.sock");
    await using server = new WorkloadApiServer(path, () => Promise.resolve());
    await assert.rejects(server.open(), { code: "SIMULATOR_FAILED", target: path });
  });
});
