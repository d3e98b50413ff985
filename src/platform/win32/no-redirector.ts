import { MeshError } from "../../model/errors.ts";
import type { Redirector } from "../../model/traffic.ts";

const missing = {
  what: "this version has no driver that redirects traffic on Windows",
  remedy: "Peers in the mesh reach this machine without one; say so with OUTBOUND_REDIRECT=off.",
} as const;

/** The redirect of a machine that has none: it says so, and never claims to redirect. */
export const noRedirector: Redirector = {
  kind: "none",
  obstacle: () => Promise.resolve(missing),
  observe: () => Promise.resolve({ state: "absent" }),
  enable: () => Promise.reject(new MeshError("REDIRECT_ABSENT", { doing: "switching the redirect on", ...missing })),
};
