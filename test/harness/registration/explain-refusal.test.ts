import assert from "node:assert/strict";
import { explainRefusal } from "../../../src/harness/registration/explain-refusal.ts";
import { isStandingRefusal } from "../../../src/harness/registration/plan-calls.ts";
import { errorCatalogue } from "../../../src/model/error-catalogue.ts";
import type { LocalReason } from "../../../src/registration/client.ts";
import { reasons, type Reason } from "../../../src/registration/reasons.ts";
import { away, refusal } from "./answers.ts";

// A reason that is missing here does not compile.
const codes: Readonly<Record<Reason | LocalReason, string>> = {
  GROUP_NOT_FOUND: "GROUP_NOT_FOUND",
  IDENTITY_NOT_ALLOWED: "IDENTITY_NOT_ALLOWED",
  NO_IDENTITY: "REGISTRATION_NO_IDENTITY",
  ADDRESS_IN_USE: "ADDRESS_IN_USE",
  ADDRESS_NOT_ALLOWED: "ADDRESS_NOT_ALLOWED",
  ADDRESS_INVALID: "ADDRESS_INVALID",
  LABEL_NOT_ALLOWED: "LABEL_NOT_ALLOWED",
  GROUP_FULL: "GROUP_FULL",
  REQUEST_INVALID: "REGISTRATION_INVALID",
  SUPERSEDED: "SUPERSEDED",
  DUPLICATE_INSTANCE: "DUPLICATE_INSTANCE",
  WORKLOAD_GONE: "WORKLOAD_GONE",
  LEASE_INVALID: "WORKLOAD_GONE",
  QUOTA: "REGISTRATION_QUOTA",
  UNAVAILABLE: "REGISTRATION_AWAY",
  SERVER_NAME: "REGISTRATION_SERVER_NAME",
  ANSWER_INVALID: "REGISTRATION_ANSWER",
};

function codeOf(reason: string): string {
  return explainRefusal({ ...away, reason }, "joining").code;
}

describe("a refusal, explained", () => {
  it("has for every reason the code of the table, with a remedy of its own", () => {
    assert.deepEqual(Object.fromEntries(Object.keys(codes).map((reason) => [reason, codeOf(reason)])), codes);
    const remedies = new Set([...new Set(Object.values(codes))].map((code) => errorCatalogue[code as keyof typeof errorCatalogue].remedy));
    assert.equal(remedies.size, new Set(Object.values(codes)).size);
  });

  it("shares a code only where the same has to be done", () => {
    const shared = Object.values(codes).filter((code, index, all) => all.indexOf(code) !== index);
    assert.deepEqual(shared, ["WORKLOAD_GONE"]);
    assert.deepEqual([reasons.WORKLOAD_GONE.next, reasons.LEASE_INVALID.next], ["register", "register"]);
  });

  it("blames the service's absence for nothing that the service said of the machine", () => {
    for (const reason of Object.keys(codes)) if (isStandingRefusal(reason)) assert.notEqual(codeOf(reason), "REGISTRATION_AWAY", reason);
  });

  it("keeps the service's own words, and says what was being done", () => {
    const { doing, what, message } = explainRefusal(refusal("GROUP_FULL"), "joining the group shop/orders");
    assert.deepEqual([doing, what, message], ["joining the group shop/orders", "told GROUP_FULL", "joining the group shop/orders: told GROUP_FULL"]);
    assert.equal(explainRefusal({ ...refusal("GROUP_FULL"), message: "" }, "joining").what, "it was refused with GROUP_FULL");
  });

  it("takes an unknown reason, or one that is named as a property of every object, for a service that is away, and names it", () => {
    for (const reason of ["PLANET_MISALIGNED", "constructor", "toString"]) {
      const { code, what } = explainRefusal({ ...away, reason, code: "ABORTED", message: "not today" }, "joining");
      assert.deepEqual([code, what], ["REGISTRATION_AWAY", `not today (${reason})`]);
    }
    assert.equal(explainRefusal(away, "joining").what, "no connection");
  });
});
