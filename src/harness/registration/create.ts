import { randomUUID } from "node:crypto";
import { MeshError } from "../../model/errors.ts";
import type { Settings } from "../../model/settings/settings.ts";
import type { Host } from "../../platform/host.ts";
import type { RegistrationClient } from "../../registration/client.ts";
import type { Registration } from "../../registration/registration.ts";
import { staticRegistration } from "../../registration/static.ts";
import type { TlsIdentity } from "../../registration/tls-identity.ts";
import { credentialsOf, type Identity } from "../../spiffe/identity-watch.ts";
import type { Instance } from "../instance-file.ts";
import { groupProbeOf } from "../probe-settings.ts";
import type { DynamicOptions, HealthSource } from "./dynamic.ts";
import { keepLastAnswers } from "./keep-last-answers.ts";

/** What a registration is made of. */
export interface RegistrationParts {
  readonly host: Host;
  readonly settings: Settings;
  readonly instance: Instance;
  readonly version: string;
  readonly identity: () => Identity | undefined;
  readonly proxyVersion: () => string | undefined;
  readonly health: HealthSource;
}

/** Makes the registration of one harness; disposing closes its connection. */
export type CreateRegistration = (parts: RegistrationParts) => Registration & Disposable;

/** What makes the registration that the settings ask for. */
export async function loadRegistration({ registration }: Settings): Promise<CreateRegistration> {
  if (registration === "static") return (parts) => ({ ...createStatic(parts.settings), [Symbol.dispose]: () => undefined });
  // The library of its wire is the largest that there is: it is loaded where it is used.
  const [{ openRegistrationClient }, { DynamicRegistration }] = await Promise.all([import("../../registration/client.ts"), import("./dynamic.ts")]);
  return (parts) => {
    const { host, settings, identity } = parts;
    const current = (): TlsIdentity | undefined => {
      const known = identity();
      return known && credentialsOf(known);
    };
    const service = { address: settings.controlAddress, serverName: settings.controlServerName, clock: host.clock, log: host.log };
    const client = openRegistrationClient({ ...service, identity: current });
    const clientOf = (past: TlsIdentity): RegistrationClient => openRegistrationClient({ ...service, identity: () => past });
    const registration = new DynamicRegistration({ ...describeDynamic(parts), client, clientOf, identity: current });
    return Object.assign(registration, { [Symbol.dispose]: () => client[Symbol.dispose]() });
  };
}

function createStatic({ workloadName: name, workloadNamespace: namespace, workloadServerName: serverName, workloadIdentity, probe }: Settings): Registration {
  if (name === undefined || namespace === undefined || serverName === undefined) {
    throw new MeshError("SETTING_REQUIRED", { doing: "entering the mesh", what: "static registration needs WORKLOAD_NAME, WORKLOAD_NAMESPACE and WORKLOAD_SERVER_NAME" });
  }
  return staticRegistration({ name, namespace, serverName, identity: workloadIdentity, probe: probe && groupProbeOf(probe) });
}

function describeDynamic({ host, settings, instance, version, proxyVersion, health }: RegistrationParts): Omit<DynamicOptions, "client" | "clientOf" | "identity"> {
  const { workloadGroupName, workloadGroupNamespace, inboundNetworkAddress, proxyInboundPort, labels, stateDir } = settings;
  if (workloadGroupName === undefined || workloadGroupNamespace === undefined) {
    throw new MeshError("SETTING_REQUIRED", { doing: "entering the mesh", what: "dynamic registration needs WORKLOAD_GROUP_NAME and WORKLOAD_GROUP_NAMESPACE" });
  }
  return {
    health, clock: host.clock, random: () => host.random(), lastAnswers: keepLastAnswers(host, stateDir),
    incarnation: { instanceId: instance.id, incarnationId: randomUUID(), epoch: instance.epoch, startedAt: host.clock.now() },
    ask: {
      group: { namespace: workloadGroupNamespace, name: workloadGroupName }, inboundPort: proxyInboundPort, labels,
      addresses: [inboundNetworkAddress?.v4, inboundNetworkAddress?.v6].filter((address) => address !== undefined),
    },
    facts: () => ({ harnessVersion: version, proxyVersion: proxyVersion() ?? "", os: host.os, hostname: host.hostname, zone: "" }),
  };
}
