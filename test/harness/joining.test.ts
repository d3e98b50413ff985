import assert from "node:assert/strict";
import { AsyncQueue } from "../../src/base/async-queue.ts";
import { Joining } from "../../src/harness/joining.ts";
import { noObservations } from "../../src/harness/observations.ts";
import type { Verdict } from "../../src/harness/probe-threshold.ts";
import { defaultTimings } from "../../src/harness/timings.ts";
import type { GroupProbe } from "../../src/model/external-group.ts";
import { MeshError } from "../../src/model/errors.ts";
import { resolve, type Resolution } from "../../src/model/settings/resolve.ts";
import type { Texts } from "../../src/model/settings/sources.ts";
import { noStanding, type Membership, type Registration, type Standing } from "../../src/registration/registration.ts";
import { FakeHost } from "../fakes/host.ts";

const identity = "spiffe://mesh.test/vm";
const workload = { name: "orders-1", namespace: "shop", identity, serverName: "orders-1.mesh.test" };
const probe: GroupProbe = { action: { kind: "tcpSocket", host: "127.0.0.1", port: 8000 }, initialDelaySeconds: 7, periodSeconds: 5, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 3 };
const runs: GroupProbe = { ...probe, action: { kind: "exec", command: ["true"] } };

function settle(group: Texts): Resolution {
  const flags = { "workload-group-name": "orders", "workload-group-namespace": "shop", "inbound-network-address": "192.0.2.10", "policy-svc-addr": "own.mesh:8090" };
  return resolve({ flags, group }, { os: "linux", role: "run", folders: { ProgramFiles: "", ProgramData: "" } });
}

/** A machine that joins; what its registration says is the test's. */
class Stage implements Disposable {
  readonly host = new FakeHost();
  readonly seen = noObservations(new Date(0));
  readonly posted: string[] = [];
  readonly watches: { readonly identity: string; readonly signal: AbortSignal; readonly standings: AsyncQueue<Standing> }[] = [];
  readonly begun: { readonly name: string; readonly work: Promise<void> }[] = [];
  changes = 0;
  readonly joining: Joining;

  constructor() {
    const { settings } = settle({});
    assert.ok(settings !== undefined);
    const registration: Registration = { kind: "dynamic", watch: (as, signal) => this.#watch(as, signal), leave: async () => 0 };
    this.joining = new Joining({
      registration, settings, settle, keep: (name, work) => this.begun.push({ name, work }),
      following: (current) => ({
        host: this.host, settings: current, timings: defaultTimings, seen: this.seen, changed: () => (this.changes += 1),
        post: (event) => this.posted.push(event.kind === "registered" ? event.registered.configuration : event.kind),
      }),
    });
  }

  get application(): Verdict | undefined {
    return this.seen.application;
  }

  /** The registration of the moment says how the machine stands; resolves when that was taken in. */
  async say(standing: Partial<Standing>): Promise<void> {
    const before = this.changes;
    this.watches.at(-1)?.standings.push({ ...noStanding, ...standing });
    // Each turn of the loop takes one in.
    while (this.changes === before) await new Promise((done) => setImmediate(done));
  }

  join(change: Partial<Membership> = {}): Promise<void> {
    return this.say({ membership: { workload, values: {}, probe: undefined, ...change } });
  }

  [Symbol.dispose](): void {
    this.joining[Symbol.dispose]();
  }

  async *#watch(as: string, signal: AbortSignal): AsyncGenerator<Standing, void, void> {
    const standings = new AsyncQueue<Standing>();
    signal.addEventListener("abort", () => standings.end());
    this.watches.push({ identity: as, signal, standings });
    yield* standings;
  }
}

function joined(): Stage {
  const stage = new Stage();
  stage.joining.register(identity);
  return stage;
}

describe("joining", () => {
  it("lets hold what the group says below what the machine says", async () => {
    using stage = joined();
    assert.equal(stage.joining.settings.destinationSvcName, "linkerd-destination.linkerd.serviceaccount.identity.linkerd.cluster.local");
    await stage.join({ values: { destinationSvcName: "group.mesh", policySvcAddr: "group.mesh:8090" } });
    const { destinationSvcName, policySvcAddr } = stage.joining.settings;
    assert.deepEqual([destinationSvcName, policySvcAddr], ["group.mesh", { host: "own.mesh", port: 8090 }]);
    assert.equal(stage.joining.following.settings(), stage.joining.settings);
    await stage.join();
    assert.equal(stage.joining.settings.destinationSvcName, "linkerd-destination.linkerd.serviceaccount.identity.linkerd.cluster.local");
  });

  it("tells the machine another configuration exactly when the proxy's would be another", async () => {
    using stage = joined();
    await stage.join();
    await stage.join({ probe });
    await stage.join({ values: { policySvcAddr: "group.mesh:8090" } });
    await stage.join({ values: { destinationSvcName: "group.mesh" } });
    await stage.join({ values: { destinationSvcName: "group.mesh", defaultInboundPolicy: "perhaps" } });
    await stage.join({ workload: { ...workload, name: "orders-2" }, values: { destinationSvcName: "group.mesh" } });
    const names = new Map<string, string>();
    const told = stage.posted.map((configuration) => {
      if (!names.has(configuration)) names.set(configuration, String.fromCharCode(97 + names.size));
      return names.get(configuration);
    });
    assert.deepEqual(told, ["a", "a", "a", "b", "b", "c"]);
  });

  it("goes on with what it had when what the group says cannot be used, says so, and forgets it when it is corrected", async () => {
    using stage = joined();
    await stage.join({ values: { destinationSvcName: "group.mesh" } });
    await stage.join({ values: { destinationSvcName: "other.mesh", defaultInboundPolicy: "perhaps", clusterNetworks: "everywhere" } });
    assert.equal(stage.joining.settings.destinationSvcName, "group.mesh");
    assert.equal(stage.seen.valuesProblem?.code, "GROUP_VALUES");
    assert.match(stage.seen.valuesProblem?.what ?? "", /perhaps.*everywhere|everywhere.*perhaps/u);
    assert.deepEqual(stage.host.log.lines.filter(({ level }) => level === "error").map(({ fields }) => fields["code"]), ["GROUP_VALUES"]);
    await stage.join();
    assert.equal(stage.seen.valuesProblem, undefined);
  });

  it("joins once for a membership that stays the same, and posts what is no membership", async () => {
    using stage = joined();
    const membership: Membership = { workload, values: {}, probe: undefined };
    const problem = new MeshError("REGISTRATION_AWAY", { doing: "staying", what: "no connection" });
    await stage.say({ problem });
    await stage.say({ membership });
    await stage.say({ membership, problem });
    await stage.say({ membership, problem });
    await stage.say({ membership });
    assert.deepEqual([stage.posted.length, stage.posted[0], stage.changes, stage.seen.standing.problem], [2, "registrationFailed", 5, undefined]);
    assert.deepEqual(stage.host.log.messages, ["staying: no connection", "registered as shop/orders-1", "staying: no connection", "registered as shop/orders-1"]);
  });

  it("follows one registration at a time, under the identity of the moment, and knows nothing of the one before", async () => {
    using stage = joined();
    await stage.join();
    stage.joining.register("spiffe://mesh.test/other");
    assert.deepEqual(stage.seen.standing, noStanding);
    assert.deepEqual(stage.watches.map(({ identity: as, signal }) => [as, signal.aborted]), [[identity, true], ["spiffe://mesh.test/other", false]]);
    await stage.begun[0]?.work;
    stage.joining.forget();
    await stage.begun[1]?.work;
    assert.deepEqual(stage.begun.map(({ name }) => name), ["the registration", "the registration"]);
  });
});

describe("the probe of a group", () => {
  it("is followed from the moment at which it is known, not ready at first, and not begun again for the same", async () => {
    using stage = joined();
    assert.equal(stage.application === undefined, true);
    await stage.join({ probe });
    assert.deepEqual([stage.application?.ready, stage.host.clock.sleeps], [false, [7000]]);
    await stage.join({ probe: { ...probe } });
    assert.deepEqual(stage.host.clock.sleeps, [7000]);
    await stage.join({ probe: { ...probe, initialDelaySeconds: 9 } });
    assert.deepEqual(stage.host.clock.sleeps, [7000, 9000]);
    await stage.begun[1]?.work;
    await stage.join();
    await stage.begun[2]?.work;
    assert.deepEqual([stage.application, stage.host.clock.idle, stage.begun.length], [undefined, true, 3]);
  });

  it("ends with the harness", async () => {
    const stage = joined();
    await stage.join({ probe });
    stage[Symbol.dispose]();
    await Promise.all(stage.begun.map(({ work }) => work));
    assert.ok(stage.host.clock.idle);
  });

  it("at the harness's own admin port means the other parts, and is never sent", async () => {
    using stage = joined();
    await stage.join({ probe: { ...probe, action: { kind: "httpGet", host: "127.0.0.1", port: 4192, path: "/ready", scheme: "HTTP", headers: {} } } });
    assert.deepEqual([stage.application, stage.host.clock.sleeps, stage.begun.length], [undefined, [], 1]);
  });

  it("that runs a program is not sent without this machine's leave, and says so", async () => {
    using stage = joined();
    await stage.join({ probe: runs });
    await stage.begun[1]?.work;
    const { application } = stage;
    assert.deepEqual([application?.ready, application?.problem?.code], [false, "PROBE_EXEC_FORBIDDEN"]);
    await stage.join();
    assert.equal(stage.application, undefined);
  });
});
