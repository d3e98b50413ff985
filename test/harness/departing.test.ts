import assert from "node:assert/strict";
import { createServer, type AddressInfo } from "node:net";
import { untilAborted } from "../../src/base/abort.ts";
import { Departing } from "../../src/harness/departing.ts";
import { noObservations } from "../../src/harness/observations.ts";
import { defaultTimings } from "../../src/harness/timings.ts";
import { MeshError } from "../../src/model/errors.ts";
import { noStanding, type Departure, type Registration } from "../../src/registration/registration.ts";
import { FakeHost } from "../fakes/host.ts";
import { machineSettings } from "../support/settings.ts";

const { signal: forever } = new AbortController();
const problem = new MeshError("REGISTRATION_AWAY", { doing: "leaving", what: "no connection" });

/** A machine about to leave: grace 20 s, and 3.5 s when the control plane is away. */
class Stage {
  readonly host = new FakeHost();
  readonly seen = noObservations(new Date(0));
  readonly told: Departure[] = [];
  answer: (signal: AbortSignal) => Promise<number> = async () => 10_000;
  readonly departing: Departing;

  constructor(away: readonly string[] = [], flags: Readonly<Record<string, string>> = {}) {
    this.seen.controlPlane = { reachable: away.length === 0, away };
    const settings = machineSettings({ "shutdown-grace": "20s", ...flags });
    const registration: Registration = { kind: "dynamic", watch: () => { throw new Error("nobody watches"); }, leave: (departure, signal) => this.#leave(departure, signal) };
    const following = { host: this.host, settings: () => settings, timings: { ...defaultTimings, controlPlaneAnswer: 300 }, seen: this.seen, post: () => undefined, changed: () => undefined };
    this.departing = new Departing({ following, registration, unreachable: 3500 });
  }

  /** Drains, and tells for how long it waits after somebody was told. */
  async drain(departure: Departure, served: boolean): Promise<readonly number[]> {
    void this.departing.begin(AbortSignal.abort());
    const drained = this.departing.drain(departure, served);
    await this.departing.farewell;
    await new Promise((done) => setImmediate(done));
    const waits = [...this.host.clock.sleeps];
    for (const wait of waits) this.host.clock.jump(wait);
    await drained;
    assert.ok(this.host.clock.idle);
    return waits;
  }

  #leave(departure: Departure, signal: AbortSignal): Promise<number> {
    this.told.push(departure);
    return this.answer(signal);
  }
}

describe("departing", () => {
  it("tells that the machine leaves, and goes on serving until its peers have noticed", async () => {
    const stage = new Stage();
    assert.deepEqual([await stage.drain("drain", true), stage.told, await stage.departing.farewell], [[10_000], ["drain"], { noticed: 10_000 }]);
    assert.deepEqual(stage.host.log.messages, ["draining"]);
  });

  it("waits for nobody where it did not serve", async () => {
    const stage = new Stage();
    assert.deepEqual([await stage.drain("delete", false), stage.told, stage.host.log.messages], [[], ["delete"], ["deregistered"]]);
  });

  it("leaves the other half of its budget to the proxy, however long the service would have it wait", async () => {
    const stage = new Stage();
    stage.answer = async () => 600_000;
    assert.deepEqual(await stage.drain("drain", true), [10_000]);
  });

  it("waits for no peers while Linkerd's control plane is away, for they would not notice", async () => {
    const stage = new Stage(["policy at a:1 (refused)"]);
    assert.deepEqual([await stage.drain("drain", true), stage.departing.isAlone], [[0], true]);
    assert.equal(stage.departing.left(7), 3500);
  });

  it("says why nobody was told, and does not wait then", async () => {
    const stage = new Stage();
    stage.answer = () => Promise.reject(problem);
    assert.deepEqual(await stage.drain("drain", true), []);
    const farewell = await stage.departing.farewell;
    assert.deepEqual("problem" in farewell && [farewell.problem.code, farewell.problem.what], ["REGISTRATION_AWAY", "no connection"]);
    assert.deepEqual(stage.host.log.lines.map(({ level, fields }) => [level, fields["code"]]), [["warn", "REGISTRATION_AWAY"]]);
  });

  it("only tries a service that was not heard at the last call, or that nobody would notice it by: a second, no more", async () => {
    const silent = (signal: AbortSignal): Promise<never> => untilAborted(new Promise<never>(() => undefined), signal);
    const stages = [new Stage(), new Stage(["policy at a:1 (refused)"])];
    const [unheard] = stages;
    assert.ok(unheard !== undefined);
    unheard.seen.standing = { ...noStanding, problem };
    const heard = new Stage();
    const late = Promise.withResolvers<number>();
    const bounds: AbortSignal[] = [];
    heard.answer = (signal) => {
      bounds.push(signal);
      return late.promise;
    };
    const drained = heard.drain("drain", false);
    const start = performance.now();
    await Promise.all(stages.map(async (stage) => {
      stage.answer = silent;
      assert.deepEqual(await stage.drain("drain", true), []);
      const farewell = await stage.departing.farewell;
      assert.deepEqual("problem" in farewell && [farewell.problem.code, farewell.problem.what], ["REGISTRATION_AWAY", "nobody answered in time; the lease ends by itself"]);
    }));
    assert.ok(performance.now() - start < 2000);
    // One that was heard has half of the budget.
    assert.deepEqual(bounds.map(({ aborted }) => aborted), [false]);
    late.resolve(10_000);
    await drained;
    assert.deepEqual(await heard.departing.farewell, { noticed: 10_000 });
  });

  it("looks at the control plane once more when a stop begins, and hurries when it is away by now", async () => {
    const stage = new Stage([], { "destination-svc-addr": "127.0.0.1:1", "policy-svc-addr": "127.0.0.1:1" });
    assert.equal(await stage.departing.begin(forever), "hurry");
    assert.deepEqual([stage.departing.hurry(), stage.departing.left(7), stage.departing.hurry()], [true, 3500, false]);
    assert.equal(await new Stage(["policy at a:1 (refused)"]).departing.begin(forever), "as planned");
  });

  it("stays as planned while the control plane answers", async () => {
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    const stage = new Stage([], { "destination-svc-addr": address, "policy-svc-addr": address });
    assert.deepEqual([await stage.departing.begin(forever), stage.departing.isAlone, stage.departing.left(7)], ["as planned", false, 20_000]);
    await new Promise((resolve) => server.close(resolve));
  });

  it("is overdue when the budget is long spent, and not after it was released", async () => {
    const stage = new Stage();
    void stage.departing.begin(AbortSignal.abort());
    const overdue = stage.departing.overdue();
    await stage.host.clock.asleep(21_000);
    stage.host.clock.jump(21_000);
    assert.equal(await overdue, true);
    const other = new Stage();
    other.departing.release();
    assert.equal(await other.departing.overdue(), false);
  });
});
