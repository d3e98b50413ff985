import type { MachineHealth } from "../../registration/messages.ts";
import type { Status } from "../status.ts";

/** What of a machine's health its peers depend on, without the number of the report. */
export type Health = Omit<MachineHealth, "seq">;

// In the order in which one looks at them: the first that is not good is the reason.
const reasons = { identity: "IdentityNotReady", proxy: "ProxyNotReady", redirect: "RedirectNotReady", application: "ApplicationNotReady" } as const;
const parts = Object.keys(reasons) as readonly (keyof typeof reasons)[];

/** The longest message that a report carries, in characters: a condition of Kubernetes takes more, a log line should not. */
const longestMessage = 1024;

/**
 * How this machine is for its peers. Its registration is left out: the service knows about that itself, and a machine
 * that waited for it to be good before it called itself ready would wait for ever.
 */
export function planHealth(status: Status): Health {
  const bad = parts.find((name) => !status[name].good);
  const leaving = status.state === "draining" || status.state === "deregistering" || status.state === "stopping";
  return {
    state: leaving ? "Draining" : bad === undefined ? "Ready" : "NotReady",
    reason: leaving ? "Draining" : bad === undefined ? "Serving" : reasons[bad],
    message: bad === undefined ? "" : status[bad].detail.slice(0, longestMessage),
    proxyReady: status.proxy.good, identityReady: status.identity.good, redirectReady: status.redirect.good, applicationReady: status.application.good,
    ...(status.identity.expires !== undefined && { svidExpires: new Date(status.identity.expires) }),
  };
}

/** True when the second report tells peers something that the first did not: then it is not kept until the next renewal. */
export function isNews(told: Health, now: Health): boolean {
  return told.state !== now.state || told.reason !== now.reason;
}
