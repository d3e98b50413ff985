import { addressOf, serviceManager } from "./ffi.ts";
import { decodeServiceStatus, encodePointers, encodeText, encodeTexts, encodeWords } from "./encode-service.ts";
import { takeServiceHandle, type Handle } from "./handle.ts";
import type { ServiceConfig, ServiceConfigCall, ServiceDetail, ServiceDetailCall } from "./plan-service-calls.ts";
import { readFailure, SystemFailure, systemErrors } from "./system-failure.ts";

/** What may be asked for when the service manager or a service is opened. */
export const serviceAccess = {
  connect: 0x1, createService: 0x2,
  queryConfig: 0x1, changeConfig: 0x2, queryStatus: 0x4, start: 0x10, stop: 0x20, delete: 0x1_0000,
} as const;

/** Opens the service manager of this machine. */
export function openServiceManager(access: number): Handle {
  return takeServiceHandle("OpenSCManagerW", serviceManager.open(null, null, access));
}

/** Opens a service; undefined when there is none of that name. */
export function openService(manager: Handle, name: string, access: number): Handle | undefined {
  try {
    return takeServiceHandle("OpenServiceW", serviceManager.openService(manager.pointer, name, access));
  } catch (error) {
    if (error instanceof SystemFailure && error.number === systemErrors.doesNotExist) return undefined;
    throw error;
  }
}

/** Makes a service, or changes the existing one; it is handed back open. */
export function applyServiceConfig(manager: Handle, existing: Handle | undefined, { config }: ServiceConfigCall): Handle {
  if (existing === undefined) return create(manager, config);
  changeConfig(existing, config);
  return existing;
}

/** Sets one detail of a service. */
export function applyServiceDetail(service: Handle, detail: ServiceDetailCall): void {
  // The buffers that a structure points at must live until the call returns.
  const parts = encodeDetail(detail);
  check(`ChangeServiceConfig2W (${detail.detail})`, serviceManager.changeConfig2(service.pointer, detail.level, parts[0]));
}

/** How a service stands. */
export function queryServiceStatus(service: Handle): ReturnType<typeof decodeServiceStatus> {
  const bytes = Buffer.alloc(statusSize);
  check("QueryServiceStatusEx", serviceManager.queryStatus(service.pointer, 0, bytes, bytes.length, [0]));
  return decodeServiceStatus(bytes);
}

/** How a service is configured. */
export function queryServiceConfig(service: Handle): { readonly start: number; readonly path: string; readonly account: string } {
  const needed: [number] = [0];
  serviceManager.queryConfig(service.pointer, Buffer.alloc(0), 0, needed);
  const bytes = Buffer.alloc(Math.max(needed[0], configSize));
  check("QueryServiceConfigW", serviceManager.queryConfig(service.pointer, bytes, bytes.length, needed));
  const text = (at: number): string => readText(bytes, bytes.readBigUInt64LE(at));
  return { start: bytes.readUInt32LE(4), path: text(16), account: text(48) };
}

/** Starts a service: the call returns when its process has answered, or will not. */
export function startService(service: Handle): void {
  check("StartServiceW", serviceManager.start(service.pointer, 0, null));
}

/** Sends a control to a service. */
export function controlService(service: Handle, control: number): void {
  check("ControlService", serviceManager.control(service.pointer, control, Buffer.alloc(statusSize)));
}

/** Marks a service for deletion; it goes when it has stopped and nobody has it open. */
export function deleteService(service: Handle): void {
  check("DeleteService", serviceManager.delete(service.pointer));
}

const statusSize = 36;
const configSize = 72;
const allAccess = serviceAccess.queryConfig | serviceAccess.changeConfig | serviceAccess.queryStatus | serviceAccess.start | serviceAccess.delete;

function create(manager: Handle, { name, displayName, type, start, errorControl, path, dependencies, account, password }: ServiceConfig): Handle {
  return takeServiceHandle("CreateServiceW", serviceManager.createService(
    manager.pointer, name, displayName, allAccess, type, start, errorControl, path, null, null, encodeTexts(dependencies), account, password,
  ));
}

function changeConfig(service: Handle, { displayName, type, start, errorControl, path, dependencies, account, password }: ServiceConfig): void {
  check("ChangeServiceConfigW", serviceManager.changeConfig(
    service.pointer, type, start, errorControl, path, null, null, encodeTexts(dependencies), account, password, displayName,
  ));
}

function encodeDetail(detail: ServiceDetail): readonly [info: Buffer, ...pointedAt: Buffer[]] {
  switch (detail.detail) {
    case "description": return pointingAt(encodeText(detail.text));
    case "requiredPrivileges": return pointingAt(encodeTexts(detail.privileges));
    case "delayedAutoStart":
    case "failureActionsFlag": return [encodeWords([detail.value ? 1 : 0])];
    case "sidType":
    case "preshutdown": return [encodeWords([detail.value])];
    case "failureActions": {
      const actions = encodeWords(detail.actions.flatMap(({ type, delay }) => [type, delay]));
      return [encodePointers([BigInt(detail.resetSeconds), 0n, 0n, BigInt(detail.actions.length), addressOf(actions)]), actions];
    }
  }
}

function pointingAt(bytes: Buffer): readonly [Buffer, Buffer] {
  return [encodePointers([addressOf(bytes)]), bytes];
}

// The texts that the configuration points at stand behind it in the same bytes.
function readText(bytes: Buffer, pointer: bigint): string {
  const at = Number(pointer - addressOf(bytes));
  if (pointer === 0n || at < 0 || at >= bytes.length) return "";
  const text = bytes.toString("utf16le", at);
  const end = text.indexOf("\0");
  return end < 0 ? text : text.slice(0, end);
}

function check(call: string, ok: boolean): void {
  if (!ok) throw readFailure(call);
}
