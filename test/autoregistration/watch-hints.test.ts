import assert from "node:assert/strict";
import { Fleet } from "../../src/autoregistration/fleet.ts";
import { readConfigVersion } from "../../src/autoregistration/names.ts";
import { Hints } from "../../src/autoregistration/watch-hints.ts";
import { Bell } from "../../src/base/bell.ts";
import type { ExternalGroup } from "../../src/model/external-group.ts";
import { group, object, stored, workload } from "./samples.ts";

const { key } = object();

function lab(): { readonly fleet: Fleet; readonly hints: Hints; readonly edit: (next: ExternalGroup | undefined) => void; readonly stop: AbortController } {
  const [fleet, bell, stop] = [new Fleet(), new Bell(), new AbortController()];
  let current = new Map([["shop/orders", group()]]);
  fleet.note([{ kind: "workload", key, stored: stored(workload()) }]);
  const hints = new Hints(fleet, { get changed() { return bell.next; }, troubles: () => [], current: () => current, read: async () => undefined });
  void hints.follow(stop.signal);
  return {
    fleet, hints, stop,
    edit: (next) => {
      current = new Map(next === undefined ? [] : [["shop/orders", next]]);
      bell.ring();
    },
  };
}

describe("hints to a machine that watches", () => {
  it("are the version of its configuration, at first and when it is another one", async () => {
    const { hints, edit, stop } = lab();
    const told = hints.watch(key, stop.signal)[Symbol.asyncIterator]();
    assert.deepEqual((await told.next()).value, { e: { $case: "configVersion", value: readConfigVersion(group()) } });
    const next = told.next();
    edit(group());
    edit(undefined);
    const other = group({ labels: { tier: "gold" } });
    edit(other);
    assert.deepEqual((await next).value, { e: { $case: "configVersion", value: readConfigVersion(other) } });
    stop.abort();
    assert.equal((await told.next()).done, true);
  });

  it("end with the news that the workload is gone, for each of its streams", async () => {
    const { hints, fleet, stop } = lab();
    const streams = [0, 1].map(() => hints.watch(key, stop.signal)[Symbol.asyncIterator]());
    for (const stream of streams) await stream.next();
    const [first, second] = streams.map((stream) => stream.next());
    fleet.note([{ kind: "lease", key, stored: undefined }]);
    fleet.note([{ kind: "workload", key, stored: undefined }]);
    for (const told of [first, second]) assert.deepEqual((await told)?.value, { e: { $case: "workloadGone", value: true } });
    assert.equal((await streams[1]?.next())?.done, true);
    stop.abort();
  });
});
