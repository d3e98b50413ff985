import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { profiling } from "./profiling.ts";

/** What rounds over a fleet took, milliseconds, and what the fleet holds. */
export interface RoundTimes {
  /** With nothing to do. */
  readonly idle: readonly number[];
  /** The longest time in which no call would have been answered, milliseconds. */
  readonly idleStalls: readonly number[];
  /** After an edit of the group that every machine is in. */
  readonly edited: readonly number[];
  readonly stalls: readonly number[];
  /** Bytes of store and fleet. */
  readonly heap: number;
}

/** Measures rounds over so many machines. */
export async function measureRounds(machines: number): Promise<RoundTimes> {
  const child = fork(fileURLToPath(new URL("reconcile-program.ts", import.meta.url)), [], { execArgv: ["--expose-gc", ...profiling] });
  const ended = once(child, "exit");
  child.send(machines);
  const told = Promise.withResolvers<RoundTimes>();
  child.once("message", (times: RoundTimes) => told.resolve(times));
  const times = await Promise.race([told.promise, ended.then(() => Promise.reject(new Error("the process of the rounds ended")))]);
  await ended;
  return times;
}
