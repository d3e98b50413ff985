import assert from "node:assert/strict";
import type { Steering } from "../../src/harness/machine.ts";
import { Steerer } from "../../src/harness/steering.ts";
import { defaultTimings } from "../../src/harness/timings.ts";
import { MeshError } from "../../src/model/errors.ts";
import { planTraffic } from "../../src/model/traffic-plan.ts";
import { FakeHost } from "../fakes/host.ts";
import { machineSettings } from "../support/settings.ts";

const forever = new AbortController().signal;

function begin(host = new FakeHost()): { readonly host: FakeHost; readonly steerer: Steerer; readonly done: Steering[] } {
  const done: Steering[] = [];
  const steerer = new Steerer({ host, timings: defaultTimings, plan: planTraffic(machineSettings(), 988), done: (to) => done.push(to) });
  return { host, steerer, done };
}

describe("steering", () => {
  it("switches on, over and off as it is told, and takes everything away at its end", async () => {
    const { host, steerer, done } = begin();
    for (const to of ["redirect", "refuse", "off", "redirect"] as const) {
      steerer.want(to);
      await steerer.settled(forever);
      assert.deepEqual([steerer.report().inForce, done.at(-1)], [to, to]);
    }
    await steerer[Symbol.asyncDispose]();
    assert.deepEqual(host.redirector.changes, ["enable redirect", "replace refuse", "off", "enable redirect", "off"]);
    assert.ok(host.clock.idle);
  });

  it("tries again what failed, with growing pauses, and tells why", async () => {
    const { host, steerer } = begin();
    const failure = new MeshError("REDIRECT_FAILED", { doing: "loading the table", what: "busy" });
    host.redirector.failures.push(failure, failure);
    steerer.want("redirect");
    await steerer.settled(forever);
    await host.clock.asleep(1000);
    assert.deepEqual([steerer.report().inForce, steerer.report().problem?.code], ["off", "REDIRECT_FAILED"]);
    host.clock.jump(1000);
    await host.clock.asleep(2000);
    host.clock.jump(2000);
    await host.clock.asleep(defaultTimings.driftPoll);
    assert.deepEqual([steerer.report().inForce, steerer.report().problem], ["redirect", undefined]);
    assert.equal(host.log.lines.filter(({ level }) => level === "error").length, 1);
    await steerer[Symbol.asyncDispose]();
  });

  it("switches on again what was lost", async () => {
    const { host, steerer } = begin();
    steerer.want("redirect");
    await steerer.settled(forever);
    host.redirector.lose("nft was killed");
    await host.redirector.changed("enable redirect", 2);
    assert.match(host.log.messages.join(), /was lost/);
    await steerer[Symbol.asyncDispose]();
    assert.equal(host.redirector.mode, "off");
  });

  it("repairs what drifted at the next look", async () => {
    const { host, steerer } = begin();
    steerer.want("redirect");
    await steerer.settled(forever);
    await host.clock.asleep(defaultTimings.driftPoll);
    host.redirector.drift = ["a rule is missing"];
    host.clock.jump(defaultTimings.driftPoll);
    await host.redirector.changed("replace redirect");
    assert.match(host.log.messages.join(), /changed by somebody else/);
    await steerer[Symbol.asyncDispose]();
  });

  it("says what is missing on a machine that cannot redirect", async () => {
    const { host, steerer } = begin();
    host.redirector.missing = { what: "nft is not installed", remedy: "Install it." };
    steerer.want("redirect");
    await steerer.settled(forever);
    await host.clock.asleep(1000);
    const { code, remedy } = steerer.report().problem ?? {};
    assert.deepEqual([code, remedy], ["REDIRECT_ABSENT", "Install it."]);
    await steerer[Symbol.asyncDispose]();
  });
});
