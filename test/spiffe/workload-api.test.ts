import assert from "node:assert/strict";
import { status } from "@grpc/grpc-js";
import { isMeshError } from "../../src/model/errors.ts";
import { answerWait, firstX509Context, watchX509Context } from "../../src/spiffe/workload-api.ts";
import { createIssuer, FakeWorkloadApi } from "../fakes/workload-api.ts";
import { JumpingClock } from "../fakes/jumping-clock.ts";
import { sourceAt, Watch } from "./watch.ts";

const id = "spiffe://mesh.test/vm/orders";

describe("watching the Workload API", () => {
  it("asks with SPIFFE's header and yields what the agent publishes, each time the full state", async () => {
    const issuer = await createIssuer();
    await using agent = await FakeWorkloadApi.create();
    await using watch = new Watch(sourceAt(agent.address));
    agent.publish(await issuer.svid(id));
    const first = await watch.context();
    agent.publish(await issuer.svid(id), await issuer.svid(`${id}2`));
    const second = await watch.context();
    agent.publish();
    const third = await watch.context();
    assert.deepEqual([first, second, third].map(({ svids }) => svids.map((svid) => svid.id)), [[id], [id, `${id}2`], []]);
    assert.deepEqual(agent.calls.map((metadata) => metadata.get("workload.spiffe.io")), [["true"]]);
  });

  it("keeps one stream open for all messages", async () => {
    const issuer = await createIssuer();
    await using agent = await FakeWorkloadApi.create();
    await using watch = new Watch(sourceAt(agent.address));
    for (let round = 0; round < 5; round++) {
      agent.publish(await issuer.svid(id));
      await watch.context();
    }
    assert.equal(agent.calls.length, 1);
    assert.equal(agent.openStreams, 1);
  });

  it("waits with doubling delays up to 30 s while the agent is absent, and takes the identity once it is there", async () => {
    const issuer = await createIssuer();
    const clock = new JumpingClock();
    await using agent = await FakeWorkloadApi.create({ started: false });
    await using watch = new Watch(sourceAt(agent.address, { clock }));
    const delays: number[] = [];
    for (let attempt = 0; attempt < 7; attempt++) {
      const { error, retryIn } = await watch.trouble();
      assert.equal(error.code, "SPIRE_ABSENT");
      delays.push(retryIn);
      if (attempt < 6) void wakeAfter(clock, retryIn);
    }
    assert.deepEqual(delays, [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
    await agent.start();
    agent.publish(await issuer.svid(id));
    void wakeAfter(clock, 30_000);
    assert.equal((await watch.context()).svids[0]?.id, id);
  });

  it("starts again at 1 s after a success", async () => {
    const issuer = await createIssuer();
    await using agent = await FakeWorkloadApi.create();
    agent.publish(await issuer.svid(id));
    const clock = new JumpingClock();
    await using watch = new Watch(sourceAt(agent.address, { clock }));
    await watch.context();
    for (let round = 0; round < 3; round++) {
      await agent.stop();
      const { error, retryIn } = await watch.trouble();
      assert.equal(error.code, "SPIRE_UNAVAILABLE");
      assert.equal(retryIn, 1000);
      await agent.start();
      void wakeAfter(clock, 1000);
      assert.equal((await watch.context()).svids[0]?.id, id);
    }
  });

  it("retries the lack of an entry and takes the entry when it comes", async () => {
    const issuer = await createIssuer();
    const clock = new JumpingClock();
    await using agent = await FakeWorkloadApi.create();
    agent.refuse(status.PERMISSION_DENIED, "no identity issued");
    await using watch = new Watch(sourceAt(agent.address, { clock, selector: "unix:uid:990" }));
    const { error, retryIn } = await watch.trouble();
    assert.equal(error.code, "SPIRE_NO_ENTRY");
    assert.match(error.remedy, /spire-server entry create .*-selector unix:uid:990/u);
    assert.match(error.message, /no identity issued/u);
    agent.publish(await issuer.svid(id));
    void wakeAfter(clock, retryIn);
    assert.equal((await watch.context()).svids[0]?.id, id);
  });

  it("gives up at a refusal that no repetition can cure", async () => {
    await using agent = await FakeWorkloadApi.create();
    agent.refuse(status.INVALID_ARGUMENT, "security header missing from request");
    await using watch = new Watch(sourceAt(agent.address));
    await assert.rejects(watch.next(), (error) => isMeshError(error, "SPIRE_HEADER"));
    assert.equal(agent.calls.length, 1);
  });

  it("throws SPIRE_ADDRESS at once for an address that cannot be understood", async () => {
    await using watch = new Watch(sourceAt("http://agent"));
    await assert.rejects(watch.next(), (error) => isMeshError(error, "SPIRE_ADDRESS"));
  });

  it("tells that a first answer is late, goes on waiting on the same stream, and takes it", async () => {
    const issuer = await createIssuer();
    const clock = new JumpingClock();
    await using agent = await FakeWorkloadApi.create();
    await using watch = new Watch(sourceAt(agent.address, { clock }));
    void wakeAfter(clock, answerWait);
    const { error, retryIn } = await watch.trouble();
    assert.equal(error.code, "SPIRE_SILENT");
    assert.equal(retryIn, 0);
    await agent.streamsOpen(1);
    agent.publish(await issuer.svid(id));
    assert.equal((await watch.context()).svids[0]?.id, id);
    assert.equal(agent.calls.length, 1);
    assert.ok(clock.idle);
  });

  it("tells a message of no use, keeps the stream and takes the next", async () => {
    const issuer = await createIssuer();
    await using agent = await FakeWorkloadApi.create();
    await using watch = new Watch(sourceAt(agent.address));
    agent.publish({ ...(await issuer.svid(id)), x509SvidKey: Buffer.from("garbage") });
    const { error, retryIn } = await watch.trouble();
    assert.equal(error.code, "SVID_INVALID");
    assert.equal(retryIn, 0);
    agent.publish(await issuer.svid(id));
    assert.equal((await watch.context()).svids.length, 1);
    assert.equal(agent.calls.length, 1);
  });

  it("starts nothing when the signal was aborted before", async () => {
    await using agent = await FakeWorkloadApi.create();
    const { done } = await watchX509Context(sourceAt(agent.address), AbortSignal.abort()).next();
    assert.equal(done, true);
    assert.equal(agent.calls.length, 0);
  });
});

/** Lets the next sleep of that length be over at once. */
async function wakeAfter(clock: JumpingClock, milliseconds: number): Promise<void> {
  await clock.asleep(milliseconds);
  clock.jump(milliseconds);
}

const statuses: readonly [status, string][] = [
  [status.CANCELLED, "SPIRE_UNAVAILABLE"],
  [status.UNKNOWN, "SPIRE_FAILED"],
  [status.DEADLINE_EXCEEDED, "SPIRE_FAILED"],
  [status.NOT_FOUND, "SPIRE_FAILED"],
  [status.PERMISSION_DENIED, "SPIRE_NO_ENTRY"],
  [status.RESOURCE_EXHAUSTED, "SPIRE_FAILED"],
  [status.UNIMPLEMENTED, "SPIRE_UNSUPPORTED"],
  [status.INTERNAL, "SPIRE_FAILED"],
  [status.UNAVAILABLE, "SPIRE_UNAVAILABLE"],
  [status.UNAUTHENTICATED, "SPIRE_FAILED"],
];

describe("a status of the Workload API", () => {
  for (const [code, expected] of statuses) {
    it(`${status[code]} is ${expected}, and tells what the agent said`, async () => {
      await using agent = await FakeWorkloadApi.create();
      agent.refuse(code, "because so: 100 % ü");
      await using watch = new Watch(sourceAt(agent.address));
      const { error } = await watch.trouble();
      assert.equal(error.code, expected);
      assert.match(error.what, /: because so: 100 % ü$/u);
    });
  }
});

describe("the first identities", () => {
  it("are given as soon as they come, and the stream is closed after", async () => {
    const issuer = await createIssuer();
    await using agent = await FakeWorkloadApi.create();
    agent.publish(await issuer.svid(id));
    const context = await firstX509Context(sourceAt(agent.address), AbortSignal.timeout(5_000));
    assert.equal(context.svids[0]?.id, id);
    await agent.streamsOpen(0);
  });

  it("that do not come in time fail with the reason why not", async () => {
    await using agent = await FakeWorkloadApi.create();
    agent.refuse(status.PERMISSION_DENIED);
    await assert.rejects(firstX509Context(sourceAt(agent.address), AbortSignal.timeout(200)), (error) => isMeshError(error, "SPIRE_NO_ENTRY"));
  });

  it("of an agent that answers nothing fail as silence", async () => {
    await using agent = await FakeWorkloadApi.create();
    await assert.rejects(firstX509Context(sourceAt(agent.address), AbortSignal.timeout(200)), (error) => isMeshError(error, "SPIRE_SILENT"));
  });

  it("fail with the caller's own reason when the caller stops", async () => {
    await using agent = await FakeWorkloadApi.create();
    const reason = new Error("Ctrl+C");
    const stop = new AbortController();
    const first = firstX509Context(sourceAt(agent.address), stop.signal);
    await agent.streamsOpen(1);
    stop.abort(reason);
    await assert.rejects(first, reason);
  });
});
