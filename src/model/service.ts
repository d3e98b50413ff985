import { errorCatalogue, type ErrorCode } from "./error-catalogue.ts";

/** The name of the harness's service on every system. */
export const harnessServiceName = "linkerd-proxy-harness";

/** The option by which the service manager starts the harness as a service. */
export const serviceOption = "service";

/**
 * The numbers by which a service that ends with an error tells the service manager why. Somebody finds them in an event log
 * years later: a row is never changed, and a code without one is told as 1.
 */
const exitNumbers = {
  INTERNAL: 1, INTERRUPTED: 2, STOP_OVERDUE: 3,
  SETTING_REQUIRED: 10, SETTING_INVALID: 11, SETTING_UNKNOWN: 12, CONFIG_UNREADABLE: 13, REGISTRY_DENIED: 14, REGISTRY_FAILED: 15,
  FILE_FAILED: 20, DISK_FULL: 21, PROGRAM_MISSING: 22, PROGRAM_FAILED: 23, FOLDER_FOREIGN: 24,
  HARNESS_RUNNING: 30, STATE_NEWER: 31, RIGHTS_MISSING: 32, PORT_TAKEN: 33,
  PROXY_MISSING: 40, PROXY_VERSION: 41,
  REDIRECT_FOREIGN: 50, REDIRECT_FAILED: 51,
  SPIRE_ADDRESS: 60, SPIRE_HEADER: 61,
} as const satisfies Partial<Readonly<Record<ErrorCode, number>>>;

/** The number for an error's code. */
export function serviceExitOf(code: ErrorCode): number {
  return new Map<string, number>(Object.entries(exitNumbers)).get(code) ?? exitNumbers.INTERNAL;
}

/** The code behind a number, when it is one of ours. */
export function parseServiceExit(number: number): ErrorCode | undefined {
  const code = Object.entries(exitNumbers).find(([, known]) => known === number)?.[0];
  return code !== undefined && code in errorCatalogue ? (code as ErrorCode) : undefined;
}
