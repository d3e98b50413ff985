import { groupApiVersion } from "../../model/external-group-schema.ts";
import { machineIdentities, meshNamespace, type MeshNames } from "../names.ts";

/** Name of the group that the simulator brings along. */
export const builtInGroup = { namespace: meshNamespace, name: "machines" } as const;

/** The group file that the simulator brings along: its machines may join, and a dead one shows soon. */
export function renderGroupFile({ names, applicationPort }: { readonly names: MeshNames; readonly applicationPort: number }): string {
  return `# The group that machines of the simulated mesh join. Edit it while the mesh runs: the registration service reads it again.
apiVersion: ${groupApiVersion}
kind: ExternalGroup
metadata:
  name: ${builtInGroup.name}
  namespace: ${builtInGroup.namespace}
spec:
  registration:
    identities: [${machineIdentities(names).map((identity) => JSON.stringify(identity)).join(", ")}]
    # As short as they may be, so that a machine that is gone is missed within half a minute.
    renewSeconds: 5
    leaseSeconds: 15
    deregisterAfterSeconds: 60
    drainSeconds: 10
  probes:
    - httpGet: { path: /ready, port: ${applicationPort} }
      periodSeconds: 1
      failureThreshold: 2
  template:
    metadata:
      labels: { app: ${builtInGroup.name} }
    ports:
      - { name: http, port: ${applicationPort} }
`;
}
