import type { ServiceSpec } from "../host.ts";

/** CreateServiceW's or ChangeServiceConfigW's arguments. */
export interface ServiceConfig {
  readonly name: string;
  readonly displayName: string;
  readonly type: number;
  readonly start: number;
  readonly errorControl: number;
  /** The command line, quoted as Windows splits it. */
  readonly path: string;
  readonly dependencies: readonly string[];
  readonly account: string;
  /** Null for an account that has none and cannot have one, empty for LocalSystem: Windows tells them apart. */
  readonly password: "" | null;
}

/** A detail that ChangeServiceConfig2W sets. */
export type ServiceDetail =
  | { readonly detail: "description"; readonly text: string }
  | { readonly detail: "failureActions"; readonly resetSeconds: number; readonly actions: readonly FailureAction[] }
  | { readonly detail: "delayedAutoStart" | "failureActionsFlag"; readonly value: boolean }
  | { readonly detail: "sidType" | "preshutdown"; readonly value: number }
  | { readonly detail: "requiredPrivileges"; readonly privileges: readonly string[] };

/** One step of recovery: SC_ACTION. */
export interface FailureAction {
  readonly type: number;
  readonly delay: number;
}

/** The call that makes or changes a service, as data. */
export interface ServiceConfigCall {
  readonly call: "CreateServiceW" | "ChangeServiceConfigW";
  readonly config: ServiceConfig;
}

/** A call that sets a detail, as data. */
export type ServiceDetailCall = ServiceDetail & { readonly call: "ChangeServiceConfig2W"; readonly level: number };

const ownProcess = 0x10;
const automaticStart = 2;
const normalError = 1;
const restart = 1;
const unrestrictedSid = 1;
// A service that runs for a day is no longer failing in a row.
const resetAfter = 86_400;

const levels = {
  description: 1, failureActions: 2, delayedAutoStart: 3, failureActionsFlag: 4, sidType: 5, requiredPrivileges: 6, preshutdown: 7,
} as const satisfies Readonly<Record<ServiceDetail["detail"], number>>;

/**
 * The one privilege of the service: passing through folders, without which no path can be opened. What it may besides comes
 * from access lists that name its SID.
 */
const privileges = ["SeChangeNotifyPrivilege"];

/** Every call that makes a service, or an existing one, what it shall be. */
export function planServiceCalls(spec: ServiceSpec, exists: boolean): readonly [ServiceConfigCall, ...ServiceDetailCall[]] {
  return [
    { call: exists ? "ChangeServiceConfigW" : "CreateServiceW", config: planConfig(spec) },
    ...planDetails(spec).map((detail) => ({ call: "ChangeServiceConfig2W" as const, level: levels[detail.detail], ...detail })),
  ];
}

/** The account under which Windows runs a service. */
export function accountOf({ account, name }: Pick<ServiceSpec, "account" | "name">): string {
  return account === "own" ? `NT SERVICE\\${name}` : "LocalSystem";
}

/** A command line that CommandLineToArgvW splits into these words again. */
export function renderCommandLine(words: readonly string[]): string {
  return words.map((word, index) => renderWord(word, index === 0)).join(" ");
}

function planConfig(spec: ServiceSpec): ServiceConfig {
  const { name, displayName, command, dependencies } = spec;
  const path = renderCommandLine([command.file, ...command.args]);
  return { name, displayName, type: ownProcess, start: automaticStart, errorControl: normalError, path, dependencies, account: accountOf(spec), password: spec.account === "own" ? null : "" };
}

function planDetails({ description, recovery, account, shutdownPatience }: ServiceSpec): readonly ServiceDetail[] {
  return [
    { detail: "description", text: description },
    { detail: "failureActions", resetSeconds: resetAfter, actions: recovery.map((delay) => ({ type: restart, delay })) },
    // Also when the service reports its end with an error, not only when its process dies.
    { detail: "failureActionsFlag", value: true },
    { detail: "delayedAutoStart", value: false },
    { detail: "sidType", value: unrestrictedSid },
    // An empty list is none at all: LocalSystem has its own again, also where another account stood before.
    { detail: "requiredPrivileges", privileges: account === "own" ? privileges : [] },
    { detail: "preshutdown", value: shutdownPatience },
  ];
}

// The program always in quotes: a path with a space and no quotes starts C:\Program.exe, if somebody put one there.
function renderWord(word: string, always: boolean): string {
  if (!always && word !== "" && !/[\s"]/u.test(word)) return word;
  return `"${word.replaceAll(/(\\*)"/gu, '$1$1\\"').replace(/(\\+)$/u, "$1$1")}"`;
}
