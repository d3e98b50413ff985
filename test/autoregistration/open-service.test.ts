import assert from "node:assert/strict";
import { Fleet } from "../../src/autoregistration/fleet.ts";
import type { WatchedGroups } from "../../src/autoregistration/groups-folder.ts";
import { soleLeadership } from "../../src/autoregistration/leadership.ts";
import { LeaseTokens } from "../../src/autoregistration/lease-tokens.ts";
import { MemoryStore } from "../../src/autoregistration/memory-store.ts";
import { openService, type ServiceParts } from "../../src/autoregistration/service.ts";
import type { Store } from "../../src/autoregistration/store.ts";
import { Vitals } from "../../src/autoregistration/vitals.ts";
import { whenAborted } from "../../src/base/abort.ts";
import { MeshError } from "../../src/model/errors.ts";
import { JumpingClock } from "../fakes/jumping-clock.ts";
import { RememberingLog } from "../fakes/remembering-log.ts";
import { waitUntil } from "../support/wait-until.ts";
import { group, object } from "./samples.ts";

const away = new MeshError("STORE_FAILED", { doing: "reading the store", what: "it is away" });

/** Groups that never change. */
const groups: WatchedGroups & { follow(signal: AbortSignal): Promise<void> } = {
  changed: new AbortController().signal,
  current: () => new Map([["shop/orders", group()]]),
  read: async () => undefined,
  troubles: () => [],
  follow: (signal) => whenAborted(signal).promise.catch(() => undefined),
};

function parts(store: Store, clock: JumpingClock, vitals: Vitals): ServiceParts {
  return {
    listen: { host: "127.0.77.2", port: 0 }, auth: { kind: "sidecar" }, store, groups, tokens: new LeaseTokens(new Uint8Array(32)), leadership: soleLeadership,
    vitals, clock, log: new RememberingLog(), random: () => 0.5, clusterDomain: "cluster.local", defaultIdentities: [],
  };
}

/** The store, whose method fails while `failing` says so. */
function moody(store: Store, method: "list" | "readWorkload", failing: () => boolean): Store {
  return new Proxy(store, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== "function") return value;
      const call = value.bind(target) as (...args: readonly unknown[]) => unknown;
      return (...args: readonly unknown[]) => (name === method && failing() ? Promise.reject(away) : call(...args));
    },
  });
}

describe("a registration service over a store that fails", () => {
  it("does not listen before it has read the store, says why, and opens when it could", async () => {
    const [clock, vitals, state] = [new JumpingClock(), new Vitals(), { failing: true }];
    await using store = new MemoryStore(() => 0);
    const opening = openService(parts(moody(store, "list", () => state.failing), clock, vitals), new Fleet(), new AbortController().signal);
    await clock.asleep(1000);
    assert.deepEqual([vitals.readiness().ready, vitals.readiness().problems.map(({ code }) => code)], [false, ["STORE_FAILED"]]);
    state.failing = false;
    clock.jump(1000);
    await using service = await opening;
    assert.ok(service.address.port > 0);
    assert.deepEqual(vitals.readiness(), { ready: true, reason: "serving", problems: [] });
  });

  it("ends its opening with the signal, and leaves nothing running", async () => {
    const [clock, vitals, stop] = [new JumpingClock(), new Vitals(), new AbortController()];
    await using store = new MemoryStore(() => 0);
    const broken = moody(store, "list", () => true);
    const opening = openService(parts(broken, clock, vitals), new Fleet(), stop.signal);
    await clock.asleep(1000);
    stop.abort(new Error("enough"));
    await assert.rejects(opening, /enough/u);
    assert.ok(clock.idle);
  });

  it("loses the store while it serves, says so, and is ready again when it has read everything anew", async () => {
    const [clock, vitals, state] = [new JumpingClock(), new Vitals(), { failing: false }];
    await using store = new MemoryStore(() => 0);
    const fleet = new Fleet();
    await using _service = await openService(parts(moody(store, "readWorkload", () => state.failing), clock, vitals), fleet, new AbortController().signal);
    state.failing = true;
    await store.createWorkload(object(), new AbortController().signal);
    await waitUntil(() => vitals.readiness().reason, (reason) => reason === "trouble with the store");
    state.failing = false;
    await clock.asleep(1000);
    clock.jump(1000);
    await waitUntil(() => vitals.readiness().ready, Boolean);
    assert.equal(fleet.snapshot().workloads.length, 1);
  });
});
