import assert from "node:assert/strict";
import { Harness } from "../../src/harness/harness.ts";
import { defaultTimings } from "../../src/harness/timings.ts";
import type { Resolution } from "../../src/model/settings/resolve.ts";
import type { Registration } from "../../src/registration/registration.ts";
import { FakeHost } from "../fakes/host.ts";
import { findPort } from "../support/find-port.ts";
import { machineSettings } from "../support/settings.ts";

const instance = { id: "9e107d9d-372b-4826-a1b2-000000000001", machine: "m", epoch: 1 };

describe("a harness", () => {
  it("ends with what broke it when work fails without which it would only seem to be in the mesh", async () => {
    class Broken extends FakeHost {
      override account(): Promise<never> {
        return Promise.reject(new TypeError("nobody thought of this"));
      }
    }
    const host = new Broken();
    const settings = machineSettings({ "harness-admin-port": String(await findPort()) });
    const registration: Registration & Disposable = { kind: "static", watch: () => assert.fail("nobody is known yet"), leave: async () => 0, [Symbol.dispose]: () => undefined };
    const options = { host, settings, settle: (): Resolution => ({ settings, resolved: new Map(), notices: [], problems: [] }), timings: defaultTimings, version: "0.0.0" };
    const adminKey = { isProvenBy: () => false, [Symbol.asyncDispose]: async () => undefined };
    const harness = new Harness(options, { instance, uid: 988, adminKey, createRegistration: () => registration });
    await assert.rejects(harness.run(AbortSignal.timeout(5000)), { code: "INTERNAL", doing: "the identity", what: "TypeError: nobody thought of this" });
  });
});
