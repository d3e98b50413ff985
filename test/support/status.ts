import type { Status } from "../../src/harness/status.ts";

/** The status of a machine that is part of the mesh, with what a test says besides. */
export function anyStatus(more: Partial<Status>): Status {
  const good = { good: true, detail: "fine" };
  return {
    state: "serving", since: "2026-01-01T00:00:00.000Z", ready: true, version: "0.0.0", instance: { id: "i", epoch: 1 },
    identity: { ...good, expires: "2026-01-01T01:00:00.000Z" }, registration: good, proxy: { ...good, pid: 7, version: "2.366.0" },
    redirect: { ...good, wanted: "redirect", inForce: "redirect", operator: "on", drift: [] }, application: good, controlPlane: good, ...more,
  };
}
