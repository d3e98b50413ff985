import assert from "node:assert/strict";
import fc from "fast-check";
import { isStandingRefusal, planAfterRegister, planAfterRenew, planStart, type Course } from "../../../src/harness/registration/plan-calls.ts";
import type { ReceivedRefusal } from "../../../src/registration/error-details.ts";
import { reasons, type Reason } from "../../../src/registration/reasons.ts";
import { agreed, away, lease, refusal, refused, registered, renewed } from "./answers.ts";

const now = 100_000;
const registering: Course = { call: "register", dueAt: now, earliest: now, failures: 0 };
const renewing: Course = { call: "renew", dueAt: now, earliest: now, failures: 0 };
const unknown = (retryAfter?: number): ReceivedRefusal => ({ reason: "PLANET_MISALIGNED", code: "ABORTED", next: retryAfter === undefined ? "backoff" : "wait", retryAfter, message: "" });

const refusals: Readonly<Record<string, ReceivedRefusal>> = {
  ...Object.fromEntries(Object.keys(reasons).map((reason) => [reason, refusal(reason as Reason)])),
  "QUOTA in 4 s": refusal("QUOTA", 4000),
  "UNAVAILABLE in 7 s": refusal("UNAVAILABLE", 7000),
  SERVER_NAME: { ...away, reason: "SERVER_NAME" },
  ANSWER_INVALID: { ...away, reason: "ANSWER_INVALID", code: "INTERNAL" },
  DEADLINE_EXCEEDED: { ...away, reason: "DEADLINE_EXCEEDED", code: "DEADLINE_EXCEEDED" },
  unknown: unknown(),
  "unknown in 5 s": unknown(5000),
};

function follow(before: Course, why: ReceivedRefusal, moment: { readonly now: number; readonly random: number }): Course {
  return before.call === "register" ? planAfterRegister(before, refused(why), moment) : planAfterRenew(before, refused(why), moment);
}

/** The next call, and in how many seconds it comes: the fewest and the most, as chance will. */
function describeNext(before: Course, why: ReceivedRefusal): string {
  const [least, most] = [0, 1].map((random) => follow(before, why, { now, random }));
  assert.ok(least !== undefined && most !== undefined);
  assert.deepEqual([least.earliest, most.earliest], [least.dueAt, most.dueAt], "news of a machine that was refused waits as everything else");
  const seconds = ({ dueAt }: Course): string => String(Number(((dueAt - now) / 1000).toFixed(2)));
  const when = least.dueAt === most.dueAt ? seconds(least) : `${seconds(least)}–${seconds(most)}`;
  return `${least.call} in ${when} s`;
}

describe("the calls of a registration", () => {
  it("begin with registering, at once", () => {
    assert.deepEqual(planStart(now), registering);
  });

  it("follow every reason as the table says: after a registration, after a renewal", () => {
    const rows = Object.entries(refusals).map(([name, why]) => `${name}: ${describeNext(registering, why)} | ${describeNext(renewing, why)}`);
    assert.deepEqual(rows, [
      "GROUP_NOT_FOUND: register in 15–16.5 s | renew in 15–16.5 s",
      "IDENTITY_NOT_ALLOWED: register in 60–66 s | renew in 60–66 s",
      "NO_IDENTITY: register in 0.1–1 s | renew in 0.1–1 s",
      "ADDRESS_IN_USE: register in 60–66 s | renew in 60–66 s",
      "ADDRESS_NOT_ALLOWED: register in 60–66 s | renew in 60–66 s",
      "ADDRESS_INVALID: register in 300–330 s | renew in 300–330 s",
      "LABEL_NOT_ALLOWED: register in 60–66 s | renew in 60–66 s",
      "GROUP_FULL: register in 60–66 s | renew in 60–66 s",
      "REQUEST_INVALID: register in 300–330 s | renew in 300–330 s",
      "SUPERSEDED: register in 60–66 s | renew in 60–66 s",
      "DUPLICATE_INSTANCE: register in 60–66 s | renew in 60–66 s",
      "WORKLOAD_GONE: register in 1 s | register in 0 s",
      "LEASE_INVALID: register in 1 s | register in 0 s",
      "QUOTA: register in 15–16.5 s | renew in 15–16.5 s",
      "UNAVAILABLE: register in 0.1–1 s | renew in 0.1–1 s",
      "QUOTA in 4 s: register in 4–4.4 s | renew in 4–4.4 s",
      "UNAVAILABLE in 7 s: register in 7 s | renew in 7 s",
      "SERVER_NAME: register in 0.1–1 s | renew in 0.1–1 s",
      "ANSWER_INVALID: register in 0.1–1 s | renew in 0.1–1 s",
      "DEADLINE_EXCEEDED: register in 0.1–1 s | renew in 0.1–1 s",
      "unknown: register in 0.1–1 s | renew in 0.1–1 s",
      "unknown in 5 s: register in 5–5.5 s | renew in 5–5.5 s",
    ]);
  });

  it("back off up to 30 s while nothing is registered, up to 10 s while something is", () => {
    const most = (before: Course): readonly number[] => {
      let course = before;
      return Array.from({ length: 7 }, () => {
        course = follow(course, away, { now, random: 1 });
        return (course.dueAt - now) / 1000;
      });
    };
    assert.deepEqual(most(registering), [1, 2, 4, 8, 16, 30, 30]);
    assert.deepEqual(most(renewing), [1, 2, 4, 8, 10, 10, 10]);
  });

  it("register at once when a workload is lost, however long the service was away before, and back off when that is the answer to registering", () => {
    const gone = refusal("WORKLOAD_GONE");
    const first = planAfterRenew({ ...renewing, failures: 9 }, refused(gone), { now, random: 1 });
    assert.deepEqual(first, { call: "register", dueAt: now, earliest: now, failures: 1 });
    const second = planAfterRegister(first, refused(gone), { now, random: 1 });
    const third = planAfterRegister(second, refused(gone), { now, random: 1 });
    assert.deepEqual([second.call, second.dueAt - now, third.call, third.dueAt - now], ["register", 2000, "register", 4000]);
    assert.equal(planAfterRegister(second, refused(gone), { now, random: 0 }).dueAt - now, 1000);
    const told = planAfterRenew(renewing, refused(refusal("LEASE_INVALID", 3000)), { now, random: 0 });
    assert.deepEqual([told.call, told.dueAt - now], ["register", 3000]);
  });

  it("renew within a tenth of the interval around it, and tell news a second after the last call", () => {
    const at = (random: number): readonly [number, number] => {
      const course = planAfterRegister({ ...registering, failures: 4 }, agreed(registered()), { now, random });
      assert.deepEqual([course.call, course.failures], ["renew", 0]);
      assert.deepEqual(planAfterRenew({ ...renewing, failures: 4 }, agreed(renewed()), { now, random }), course);
      return [course.dueAt - now, course.earliest - now];
    };
    assert.deepEqual([at(0), at(0.5), at(1)], [[9000, 1000], [10_000, 1000], [11_000, 1000]]);
  });

  it("keep the distance that a busy service asks for, and never come twice a second", () => {
    const busy = planAfterRenew(renewing, agreed(renewed({ minNextCall: 25_000 })), { now, random: 0.5 });
    assert.deepEqual([busy.dueAt - now, busy.earliest - now], [25_000, 25_000]);
    const eager = { ...lease, renewInterval: 1000 };
    const [joined, stayed] = [planAfterRegister(registering, agreed(registered({ lease: eager })), { now, random: 0 }), planAfterRenew(renewing, agreed(renewed({ lease: eager, minNextCall: 0 })), { now, random: 0 })];
    assert.deepEqual([joined.dueAt - now, stayed.dueAt - now, stayed.earliest - now], [1000, 1000, 1000]);
    assert.equal(follow(registering, refusal("QUOTA", 0), { now, random: 0 }).dueAt - now, 1000);
  });

  it("register when the group has changed, as soon as the service allows a call", () => {
    const course = planAfterRenew(renewing, agreed(renewed({ configChanged: true, minNextCall: 2500 })), { now, random: 0.5 });
    assert.deepEqual(course, { call: "register", dueAt: now + 2500, earliest: now + 2500, failures: 0 });
    assert.equal(planAfterRenew(renewing, agreed(renewed({ configChanged: true, minNextCall: 0 })), { now, random: 0.5 }).dueAt - now, 1000);
  });

  it("take for a word about this machine only what the service said of it", () => {
    const words = Object.entries(refusals).filter(([, { reason }]) => isStandingRefusal(reason)).map(([name]) => name);
    assert.deepEqual(words, [
      "GROUP_NOT_FOUND", "IDENTITY_NOT_ALLOWED", "ADDRESS_IN_USE", "ADDRESS_NOT_ALLOWED", "ADDRESS_INVALID", "LABEL_NOT_ALLOWED", "GROUP_FULL", "REQUEST_INVALID",
      "SUPERSEDED", "DUPLICATE_INSTANCE",
    ]);
  });
});

const anyRandom = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const anyCourse = fc.record({ call: fc.constantFrom("register" as const, "renew" as const), dueAt: fc.constant(now), earliest: fc.constant(now), failures: fc.nat({ max: 1e6 }) });
const anyRefusal = fc.tuple(fc.constantFrom(...Object.values(refusals)), fc.option(fc.integer({ min: 0, max: 3_600_000 }), { nil: undefined })).map(([why, retryAfter]) => ({ ...why, retryAfter: retryAfter ?? why.retryAfter }));

describe("the calls of a registration, whatever is answered", () => {
  it("never come before the time that the service gave, nor forward by news before it", () => {
    fc.assert(fc.property(anyCourse, anyRefusal, anyRandom, (before, why, random) => {
      const course = follow(before, why, { now, random });
      assert.ok(course.earliest - now >= (why.retryAfter ?? 0) && course.dueAt >= course.earliest);
      assert.equal(course.failures > 0, true);
    }));
  });

  it("never come twice a second, but for the registration that makes a lost workload good and the first pauses of a service that is away", () => {
    fc.assert(fc.property(anyCourse, anyRefusal, anyRandom, (before, why, random) => {
      const least = why.next === "backoff" ? 100 : why.next === "register" && before.call === "renew" ? 0 : 1000;
      assert.ok(follow(before, why, { now, random }).dueAt - now >= least);
    }));
    const grants = fc.record({ renewInterval: fc.integer({ min: 1000, max: 600_000 }), minNextCall: fc.integer({ min: 0, max: 600_000 }), configChanged: fc.boolean() });
    fc.assert(fc.property(anyCourse, grants, anyRandom, (before, { renewInterval, ...more }, random) => {
      const granted = { ...lease, renewInterval };
      for (const course of [planAfterRegister(before, agreed(registered({ lease: granted })), { now, random }), planAfterRenew(before, agreed(renewed({ ...more, lease: granted })), { now, random })]) {
        assert.ok(course.earliest - now >= 1000 && course.dueAt >= course.earliest && course.failures === 0);
        assert.ok(course.dueAt - now <= Math.max(1000, more.minNextCall, renewInterval * 1.1) + 0.001);
      }
    }));
  });

  it("spread over everything up to the bound, and grow with each failure", () => {
    fc.assert(fc.property(anyCourse, anyRandom, (before, random) => {
      const { dueAt, failures, call } = follow(before, away, { now, random });
      const most = Math.min(call === "register" ? 30_000 : 10_000, 1000 * 2 ** before.failures);
      assert.deepEqual([failures, call], [before.failures + 1, before.call]);
      assert.ok(Math.abs(dueAt - now - Math.max(100, most * random)) < 0.001);
    }));
  });
});
