import { encodeNetwork, isInNetwork } from "./addresses.ts";
import type { Authn, Authz, Server } from "./generated/inbound.ts";

/** Who may connect to a port: everybody, everybody with an identity of the mesh, or these identities. */
export type Access = "all" | "mesh" | readonly string[];

const everywhere = ["0.0.0.0/0", "::/0"].map((cidr) => ({ net: encodeNetwork(cidr), except: [] }));

/** The policy of a port; an empty list of identities lets nobody in. */
export function encodeServer(access: Access): Server {
  return {
    protocol: { kind: { $case: "detect", value: { timeout: { seconds: 10n, nanos: 0 } } } },
    serverIps: [],
    authorizations: Array.isArray(access) && access.length === 0 ? [] : [encodeAuthorization(access)],
    labels: { name: "simulated", kind: "default", group: "" },
  };
}

/** True when the policy lets a client in: by its network and, where it asks for one, its identity. */
export function isAllowed(server: Server, client: { readonly ip: string; readonly identity: string | undefined }): boolean {
  return server.authorizations.some(({ networks, authentication }) => {
    const near = networks.some(({ net, except }) => isInNetwork(client.ip, net) && !except.some((network) => isInNetwork(client.ip, network)));
    return near && isAuthenticated(authentication, client.identity);
  });
}

function isAuthenticated(authentication: Authn | undefined, identity: string | undefined): boolean {
  const permit = authentication?.permit;
  if (permit === undefined) return false;
  if (permit.$case === "unauthenticated") return true;
  // Both forms of mesh TLS ask for TLS, which our callers never have without a certificate.
  if (identity === undefined) return false;
  const { clients } = permit.value;
  if (clients?.$case !== "identities") return clients !== undefined;
  const { identities, suffixes } = clients.value;
  return identities.some(({ name }) => name === identity) || suffixes.some(({ parts }) => identity.endsWith(parts.length === 0 ? "" : `.${parts.join(".")}`));
}

function encodeAuthorization(access: Access): Authz {
  return {
    networks: everywhere,
    authentication: { permit: encodePermit(access) },
    labels: { name: "simulated", kind: "default", group: "" },
    metadata: { kind: { $case: "default", value: "simulated" } },
  };
}

function encodePermit(access: Access): Authn["permit"] {
  if (access === "all") return { $case: "unauthenticated", value: {} };
  const identities = access === "mesh" ? { identities: [], suffixes: [{ parts: [] }] } : { identities: access.map((name) => ({ name })), suffixes: [] };
  return { $case: "meshTls", value: { clients: { $case: "identities", value: identities } } };
}
