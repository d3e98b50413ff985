import type { Redirector } from "../model/traffic.ts";

/** For a plan that captures nothing: it is in force wherever it is wanted, for there is nothing that the system could hold. */
export const nothingToRedirect: Redirector = {
  kind: "none",
  obstacle: () => Promise.resolve(undefined),
  observe: (expected) => Promise.resolve(expected === undefined ? { state: "absent" } : { state: "present", mode: expected.mode, owner: undefined, drift: [] }),
  enable(first) {
    let plan = first;
    return Promise.resolve({
      get plan() { return plan; },
      lost: new Promise<never>(() => undefined),
      replace: (next) => {
        plan = next;
        return Promise.resolve();
      },
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
};
