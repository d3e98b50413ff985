import type { ErrorCode } from "../../model/error-catalogue.ts";
import { MeshError } from "../../model/errors.ts";
import type { Log, ServiceFacts, Services, ServiceSpec, ServiceState } from "../host.ts";
import type { Handle } from "./handle.ts";
import { userOfService } from "./judge-place.ts";
import { makePlace } from "./places.ts";
import { makeEventSource, removeEventSource } from "./event-log.ts";
import { planServiceCalls, type ServiceDetailCall } from "./plan-service-calls.ts";
import { controls } from "./plan-service-states.ts";
import {
  applyServiceConfig, applyServiceDetail, controlService, deleteService, openService, openServiceManager, queryServiceConfig, queryServiceStatus, serviceAccess, startService,
} from "./service-control.ts";
import { serve } from "./service-life.ts";
import { SystemFailure, systemErrors } from "./system-failure.ts";

/** The services of Windows. */
export function windowsServices(log: Log): Services {
  return {
    read: (name) => act(`looking at the service ${name}`, () => readService(name)),
    apply: async (spec) => {
      const done = await act(`installing the service ${spec.name}`, () => applySpec(spec, log));
      const user = userOfService(spec);
      for (const { path, works } of spec.folders) await makePlace(path, { kind: "folder", user: works ? user : undefined }, "installation");
      for (const path of spec.files) await makePlace(path, { kind: "file", user }, "installation");
      return done;
    },
    remove: (name) => act(`removing the service ${name}`, () => removeService(name, log)),
    start: (name) => act(`starting the service ${name}`, () => withService(name, serviceAccess.start, (service) => passOver([systemErrors.alreadyRunning], () => startService(service)))),
    stop: (name) => act(`stopping the service ${name}`, () => withService(name, serviceAccess.stop, (service) => passOver([systemErrors.notActive], () => controlService(service, controls.stop)))),
    serve,
  };
}

async function act<T>(doing: string, call: () => T): Promise<T> {
  try {
    // As a promise in any case: nobody needs to know that these calls block.
    return await Promise.resolve(call());
  } catch (error) {
    if (error instanceof SystemFailure) throw explain(doing, error);
    throw error;
  }
}

function readService(name: string): ServiceFacts | undefined {
  using manager = openServiceManager(serviceAccess.connect);
  using service = openService(manager, name, serviceAccess.queryStatus | serviceAccess.queryConfig);
  if (service === undefined) return undefined;
  const { state, pid, exit, specificExit } = queryServiceStatus(service);
  const { start, path, account } = queryServiceConfig(service);
  return {
    state: states[state] ?? "paused", pid: pid === 0 ? undefined : pid, start: starts[start] ?? "automatic", account, command: path,
    exit: { system: exit, own: exit === systemErrors.specificError ? specificExit : 0 },
  };
}

const states: Readonly<Record<number, ServiceState>> = { 1: "stopped", 2: "starting", 3: "stopping", 4: "running" };
const starts: Readonly<Record<number, ServiceFacts["start"]>> = { 2: "automatic", 3: "manual", 4: "disabled" };

function applySpec(spec: ServiceSpec, log: Log): "made" | "corrected" {
  using stack = new DisposableStack();
  const manager = stack.use(openServiceManager(serviceAccess.connect | serviceAccess.createService));
  // SERVICE_START besides: the right that a restart among the recovery actions needs.
  const existing = openService(manager, spec.name, serviceAccess.changeConfig | serviceAccess.queryConfig | serviceAccess.start);
  const [config, ...details] = planServiceCalls(spec, existing !== undefined);
  const service = stack.use(applyServiceConfig(manager, existing, config));
  try {
    for (const detail of details) applyDetail(service, detail, log);
  } catch (error) {
    // Half a service is not left behind.
    if (existing === undefined) deleteService(service);
    throw error;
  }
  tryEvents(makeEventSource, log);
  return existing === undefined ? "made" : "corrected";
}

function applyDetail(service: Handle, detail: ServiceDetailCall, log: Log): void {
  const left = passOver([systemErrors.invalidLevel], () => applyServiceDetail(service, detail));
  if (left !== undefined) log.write("warn", `this system has no ${detail.detail} for services; it is left out`, { level: detail.level });
}

// Without it events are written all the same, only with a remark of the viewer's.
function tryEvents(change: () => void, log: Log): void {
  const failure = passOver([systemErrors.accessDenied, systemErrors.fileNotFound, systemErrors.callNotImplemented], change);
  if (failure !== undefined) log.write("warn", `the source of events in Windows' log: ${failure.words}`);
}

function removeService(name: string, log: Log): boolean {
  using manager = openServiceManager(serviceAccess.connect);
  using service = openService(manager, name, serviceAccess.delete);
  if (service === undefined) return false;
  passOver([systemErrors.markedForDelete], () => deleteService(service));
  tryEvents(removeEventSource, log);
  return true;
}

function withService(name: string, access: number, use: (service: Handle) => void): void {
  using manager = openServiceManager(serviceAccess.connect);
  using service = openService(manager, name, access);
  if (service === undefined) throw new MeshError("SERVICE_ABSENT", { doing: `opening the service ${name}`, what: "there is no such service", target: name });
  use(service);
}

/** The failure that is passed over, when it came. */
function passOver(numbers: readonly number[], call: () => void): SystemFailure | undefined {
  try {
    call();
    return undefined;
  } catch (error) {
    if (error instanceof SystemFailure && numbers.includes(error.number)) return error;
    throw error;
  }
}

const codes: Readonly<Record<number, ErrorCode>> = {
  [systemErrors.accessDenied]: "SERVICE_DENIED",
  [systemErrors.logonFailed]: "SERVICE_LOGON",
  [systemErrors.serviceDisabled]: "SERVICE_DISABLED",
  [systemErrors.dependencyFailed]: "SERVICE_DISABLED",
  [systemErrors.serviceTimeout]: "SERVICE_TIMEOUT",
  [systemErrors.cannotAcceptControl]: "SERVICE_TIMEOUT",
};

function explain(doing: string, failure: SystemFailure): MeshError {
  return new MeshError(codes[failure.number] ?? "SERVICE_FAILED", { doing, what: `${failure.call} failed: ${failure.words}`, cause: failure });
}
