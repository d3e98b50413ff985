import assert from "node:assert/strict";
import { isNews, planHealth } from "../../../src/harness/registration/plan-health.ts";
import type { PartStatus, Status } from "../../../src/harness/status.ts";
import { ready } from "./answers.ts";

const good: PartStatus = { good: true, detail: "fine" };
const bad = (detail: string): PartStatus => ({ good: false, detail });

function status(change: Partial<Record<"identity" | "registration" | "proxy" | "redirect" | "application" | "controlPlane", PartStatus>> = {}, state: Status["state"] = "serving"): Status {
  const redirect = { ...(change.redirect ?? good), wanted: "redirect", inForce: "redirect", operator: "on", drift: [] } as const;
  return {
    state, since: "2026-01-01T00:00:00.000Z", ready: true, version: "1", instance: { id: "i", epoch: 1 },
    identity: good, registration: good, proxy: good, application: good, controlPlane: good, ...change, redirect,
  };
}

describe("the health that a machine tells its group", () => {
  it("is ready when everything is that its peers depend on", () => {
    assert.deepEqual(planHealth(status()), ready);
  });

  it("does not wait for its registration, nor for Linkerd's control plane", () => {
    const told = planHealth(status({ registration: bad("it is under way"), controlPlane: bad("away") }, "registering"));
    assert.deepEqual(told, ready);
  });

  it("names the first part that is not good, and says of each whether it is", () => {
    const rows = (["identity", "proxy", "redirect", "application"] as const).map((part) => {
      const { state, reason, message, identityReady, proxyReady, redirectReady, applicationReady } = planHealth(status({ [part]: bad(`no ${part}`) }));
      return [state, reason, message, identityReady, proxyReady, redirectReady, applicationReady].join(" ");
    });
    assert.deepEqual(rows, [
      "NotReady IdentityNotReady no identity false true true true",
      "NotReady ProxyNotReady no proxy true false true true",
      "NotReady RedirectNotReady no redirect true true false true",
      "NotReady ApplicationNotReady no application true true true false",
    ]);
    const all = planHealth(status({ identity: bad("a"), proxy: bad("b"), redirect: bad("c"), application: bad("d") }));
    assert.deepEqual([all.reason, all.message], ["IdentityNotReady", "a"]);
  });

  it("is draining from the moment at which the machine leaves, however its parts are", () => {
    for (const state of ["draining", "deregistering", "stopping"] as const) {
      const told = planHealth(status({ proxy: bad("it ends") }, state));
      assert.deepEqual([told.state, told.reason, told.proxyReady], ["Draining", "Draining", false]);
    }
    assert.equal(planHealth(status({}, "stopped")).state, "Ready");
  });

  it("carries the end of the certificate, and not more of a message than a condition should", () => {
    const expires = "2026-01-01T01:00:00.000Z";
    const told = planHealth({ ...status({ application: bad("x".repeat(5000)) }), identity: { ...good, expires } });
    assert.deepEqual([told.svidExpires, told.message.length], [new Date(expires), 1024]);
    assert.ok(!Object.hasOwn(planHealth(status()), "svidExpires"));
  });

  it("is news when its state or its reason is another one; a message or a certificate waits for the next renewal", () => {
    const unready = { ...ready, state: "NotReady", reason: "ProxyNotReady" } as const;
    assert.deepEqual([isNews(ready, unready), isNews(unready, ready)], [true, true]);
    assert.ok(isNews(unready, { ...unready, reason: "ApplicationNotReady" }));
    assert.ok(isNews(ready, { ...ready, state: "Draining" }));
    assert.ok(!isNews(ready, { ...ready, message: "other", svidExpires: new Date(1), applicationReady: false }));
  });
});
