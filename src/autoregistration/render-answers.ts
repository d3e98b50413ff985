import type { ExternalGroup, GroupProbe, LeaseTimes, ProbeAction } from "../model/external-group.ts";
import type { DeregisterResponse, Lease, ProbeSpec, ProxyConfig, RegisterResponse, RenewResponse } from "../registration/generated/registration.ts";
import { encodeDuration } from "../registration/messages.ts";
import type { Deregistered } from "./judge-deregister.ts";
import type { RegisterAnswer, RenewAnswer } from "./registrar.ts";

/** The least time between two calls of a machine that has news, milliseconds. */
export const leastCallGap = 1000;

/** What a machine is told after it has registered. */
export function renderRegistered({ object, uid, token, group, configVersion }: RegisterAnswer): RegisterResponse {
  return {
    workloadName: object.key.name,
    workloadNamespace: object.key.namespace,
    workloadUid: uid,
    identity: object.identity,
    serverName: object.serverName,
    lease: renderLease(token, group.lease),
    probe: group.probe && renderProbe(group.probe),
    ports: group.ports.map(({ name, port, protocol }) => ({ name, port, protocol })),
    proxy: renderProxy(group),
    configVersion,
  };
}

/** What a machine is told after it has renewed. */
export function renderRenewed({ token, group, configChanged, healthSeq }: RenewAnswer): RenewResponse {
  return { lease: renderLease(token, group.lease), configChanged, minNextCall: encodeDuration(leastCallGap), healthSeqApplied: BigInt(healthSeq) };
}

/** What a machine that leaves is told. */
export function renderDeregistered({ drainFor }: Deregistered): DeregisterResponse {
  return { drainFor: encodeDuration(drainFor) };
}

function renderLease(token: string, { duration, renewInterval, deregisterAfter }: LeaseTimes): Lease {
  return { token, duration: encodeDuration(duration), renewInterval: encodeDuration(renewInterval), deregisterAfter: encodeDuration(deregisterAfter) };
}

function renderProbe(probe: GroupProbe): ProbeSpec {
  return {
    kind: renderAction(probe.action),
    initialDelayS: probe.initialDelaySeconds,
    periodS: probe.periodSeconds,
    timeoutS: probe.timeoutSeconds,
    successThreshold: probe.successThreshold,
    failureThreshold: probe.failureThreshold,
  };
}

function renderAction(action: ProbeAction): ProbeSpec["kind"] {
  switch (action.kind) {
    case "httpGet": {
      const { host, port, path, scheme, headers } = action;
      return { $case: "httpGet", value: { host, port, path, scheme, headers } };
    }
    case "tcpSocket":
      return { $case: "tcpSocket", value: { host: action.host, port: action.port } };
    case "grpc":
      return { $case: "grpc", value: { port: action.port, service: action.service } };
    case "exec":
      return { $case: "exec", value: { command: [...action.command] } };
  }
}

// Empty is unsaid on this wire: the machine's own settings and defaults hold.
function renderProxy({ proxy }: ExternalGroup): ProxyConfig {
  const unsaid: ProxyConfig = { clusterDomain: "", destinationAddr: "", destinationName: "", policyAddr: "", policyName: "", clusterNetworks: "", defaultInboundPolicy: "" };
  return { ...unsaid, ...proxy };
}
