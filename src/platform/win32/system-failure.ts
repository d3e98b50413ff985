import { kernel } from "./ffi.ts";

/** Error numbers of Windows that something here decides by. */
export const systemErrors = {
  fileNotFound: 2, pathNotFound: 3, accessDenied: 5, invalidHandle: 6, badFormat: 193, sharingViolation: 32, fileExists: 80, alreadyExists: 183, pipeBusy: 231, moreData: 234, noMoreItems: 259, insufficientBuffer: 122, invalidLevel: 124,
  callNotImplemented: 120, serviceTimeout: 1053, alreadyRunning: 1056, serviceDisabled: 1058, doesNotExist: 1060, cannotAcceptControl: 1061, notActive: 1062,
  outsideServiceManager: 1063, specificError: 1066, dependencyFailed: 1068, logonFailed: 1069, markedForDelete: 1072, serviceExists: 1073, accountInvalid: 1057,
} as const;

/** A call of Windows that failed, with the number and the words of the system. */
export class SystemFailure extends Error {
  override readonly name = "SystemFailure";
  readonly call: string;
  readonly number: number;
  /** What the system says of the number, with the number: one sentence without a final stop. */
  readonly words: string;

  constructor(call: string, number: number, words: string) {
    super(`${call}: ${words}`);
    this.call = call;
    this.number = number;
    this.words = words;
  }
}

/** The failure of the call that has just returned on this thread; take it before any other call. */
export function readFailure(call: string): SystemFailure {
  return describeFailure(call, kernel.lastError());
}

/** A failure by its number, in the system's own language. */
export function describeFailure(call: string, number: number): SystemFailure {
  const text = Buffer.alloc(2048);
  const length = kernel.formatMessage(fromSystem | ignoreInserts, null, number, 0, text, text.length / 2, null);
  return new SystemFailure(call, number, renderSystemText(text.toString("utf16le", 0, length * 2), number));
}

/** The system's text as part of a sentence of ours: one line, no final stop, and the number, by which everybody finds help. */
export function renderSystemText(text: string, number: number): string {
  const line = text.replaceAll(/\s+/gu, " ").trim().replace(/\.$/u, "");
  return line === "" ? `error ${number}` : `${line} (error ${number})`;
}

const fromSystem = 0x1000;
const ignoreInserts = 0x200;
