import type { GroupProbe } from "../model/external-group.ts";
import { MeshError } from "../model/errors.ts";
import { noStanding, type Registered, type Registration, type Standing } from "./registration.ts";

/** What the settings say of an ExternalWorkload that exists already. */
export interface StaticWorkload extends Omit<Registered, "identity"> {
  /** The identity that it has; any that SPIRE gives when left out. */
  readonly identity: string | undefined;
  readonly probe: GroupProbe | undefined;
}

/** Plain Linkerd: the ExternalWorkload exists already and the settings say what it is called. */
export function staticRegistration(workload: StaticWorkload): Registration {
  return {
    kind: "static",
    async *watch(offered) {
      yield standingOf(workload, offered);
    },
    // Nobody watches this machine's readiness: who made the ExternalWorkload Ready also takes it back.
    leave: async () => 0,
  };
}

function standingOf({ identity, probe, ...workload }: StaticWorkload, offered: string): Standing {
  if (identity === undefined || identity === offered) return { ...noStanding, membership: { workload: { ...workload, identity: offered }, values: {}, probe } };
  const problem = new MeshError("SVID_OTHER_ID", {
    doing: "entering the mesh as its ExternalWorkload says",
    what: `SPIRE gave ${offered}, and the ExternalWorkload has ${identity}`,
    target: identity,
  });
  return { ...noStanding, problem, refused: true };
}
