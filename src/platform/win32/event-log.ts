import type { SystemEvent } from "../host.ts";
import { encodePointers, encodeText, encodeWords } from "./encode-service.ts";
import { addressOf, events, registry, type Pointer } from "./ffi.ts";
import { describeFailure, readFailure, systemErrors } from "./system-failure.ts";

/** The source of our events, as the event viewer shows it. */
export const eventSource = "LinkerdMesh";

/** The calls of the system, so that a test can answer them. */
export type EventCalls = Pick<typeof events, "register" | "report" | "deregister"> & { readonly address: (bytes: Buffer) => bigint; readonly fail: (call: string) => Error };

const windowsCalls: EventCalls = { ...events, address: addressOf, fail: readFailure };

const levels = { error: 1, warn: 2 } as const;

/** Writes an event into Windows' log. Works without a registered source too; the viewer then adds that it knows no text for the number. */
export function writeEvent({ level, number, text }: SystemEvent, calls = windowsCalls): void {
  const source = calls.register(null, eventSource);
  if (source === null) throw calls.fail("RegisterEventSourceW");
  using _closing = { [Symbol.dispose]: () => void calls.deregister(source) };
  const words = encodeText(text.slice(0, longestText));
  const texts = encodePointers([calls.address(words)]);
  const done = calls.report(source, levels[level], 0, number, null, 1, 0, texts, null);
  const failure = done ? undefined : calls.fail("ReportEventW");
  // What the call was pointed at lives until here.
  words.fill(0);
  if (failure !== undefined) throw failure;
}

// The system's own limit for one text is 31,839 characters.
const longestText = 30_000;

const sourcePath = `SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\${eventSource}`;
const localMachine = 0xffff_ffff_8000_0002n;
const setValue = 0x2;
const view64 = 0x100;
const expandable = 2;
const word = 4;

/**
 * Registers the source. Its texts are those of a program that is part of every Windows and has `%1` for each number up to 1000:
 * ours need no message file, which the event log's service would hold open against an upgrade.
 */
export function makeEventSource(): void {
  const opened: [Pointer] = [null];
  check("RegCreateKeyExW", registry.create(localMachine, sourcePath, 0, null, 0, setValue | view64, null, opened, null));
  const key = opened[0];
  using _closing = { [Symbol.dispose]: () => void registry.close(key) };
  const file = encodeText("%SystemRoot%\\System32\\EventCreate.exe");
  check("RegSetValueExW", registry.setValue(key, "EventMessageFile", 0, expandable, file, file.length));
  // Errors, warnings, information.
  const types = encodeWords([7]);
  check("RegSetValueExW", registry.setValue(key, "TypesSupported", 0, word, types, types.length));
}

/** Removes the source; what it wrote stays readable. */
export function removeEventSource(): void {
  const result = events.deleteKey(localMachine, sourcePath, view64, 0);
  if (result !== systemErrors.fileNotFound) check("RegDeleteKeyExW", result);
}

function check(call: string, result: number): void {
  if (result !== 0) throw describeFailure(call, result);
}
