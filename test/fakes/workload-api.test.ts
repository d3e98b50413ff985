import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { credentials, Metadata, status, type ServiceError } from "@grpc/grpc-js";
import { SpiffeWorkloadAPIClient } from "../../src/spiffe/generated/workload-service.ts";
import { createIssuer, FakeWorkloadApi } from "./workload-api.ts";

describe("the fake Workload API, asked by gRPC's own client", () => {
  it("answers open and later streams with what is published", async () => {
    await using agent = await FakeWorkloadApi.create();
    const client = new SpiffeWorkloadAPIClient(agent.address, credentials.createInsecure());
    const metadata = new Metadata();
    metadata.set("workload.spiffe.io", "true");
    const early = client.fetchX509Svid({}, metadata);
    early.on("error", () => undefined);
    await agent.streamsOpen(1);
    agent.publish(await (await createIssuer()).svid("spiffe://mesh.test/a"));
    const late = client.fetchX509Svid({}, metadata);
    late.on("error", () => undefined);
    for (const stream of [early, late]) {
      const [message] = await new Promise<[{ svids: { spiffeId: string }[] }]>((resolve) => stream.once("data", (...data) => resolve(data as never)));
      assert.equal(message.svids[0]?.spiffeId, "spiffe://mesh.test/a");
      stream.cancel();
    }
    await agent.streamsOpen(0);
    client.close();
  });

  it("ends streams with the status it is told", async () => {
    await using agent = await FakeWorkloadApi.create();
    agent.refuse(status.PERMISSION_DENIED, "no identity issued");
    const client = new SpiffeWorkloadAPIClient(agent.address, credentials.createInsecure());
    const error = await new Promise<ServiceError>((resolve) => client.fetchX509Svid({}).on("error", resolve as (error: Error) => void));
    assert.deepEqual([error.code, error.details], [status.PERMISSION_DENIED, "no identity issued"]);
    client.close();
  });

  it("leaves nothing behind", async () => {
    const agent = await FakeWorkloadApi.create();
    assert.ok(existsSync(agent.socketPath));
    await agent[Symbol.asyncDispose]();
    assert.ok(!existsSync(agent.socketPath));
  });
});
