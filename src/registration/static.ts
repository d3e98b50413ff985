import { MeshError } from "../model/errors.ts";
import type { Registered, Registration } from "./registration.ts";

/** Plain Linkerd: the ExternalWorkload exists already and the settings say what it is called. */
export function staticRegistration(workload: Omit<Registered, "identity">, identity: string | undefined): Registration {
  return {
    kind: "static",
    register: async (offered) => {
      if (identity === undefined || identity === offered) return { ...workload, identity: offered };
      throw new MeshError("SVID_OTHER_ID", {
        doing: "entering the mesh as its ExternalWorkload says",
        what: `SPIRE gave ${offered}, and the ExternalWorkload has ${identity}`,
        target: identity,
      });
    },
    // Nobody watches this machine's readiness: who made the ExternalWorkload Ready also takes it back.
    drain: async () => 0,
  };
}
