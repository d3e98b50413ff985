import assert from "node:assert/strict";
import type { Status } from "../../../src/harness/status.ts";
import { waitUntil } from "../../support/wait-until.ts";
import type { RegistrationServiceOnStage } from "./registration-service.ts";
import { machineId, type Stage, type Told } from "./stage.ts";

/** The line of the store for a machine that is ready. */
export const serving = `${machineId} True Serving`;

/** Lets the machine's time run ahead until what is seen is as wanted: no test waits for a renewal. */
export function hasten<T>(stage: Stage, look: () => T | Promise<T>, wanted: (seen: T) => boolean): Promise<T> {
  const ahead = (): T | Promise<T> => {
    stage.clock.leap(200);
    return look();
  };
  return waitUntil(ahead, wanted);
}

/** The status once it is as wanted, with time running ahead. */
export async function soon(stage: Stage, wanted: (status: Status) => boolean): Promise<Status> {
  const found = await hasten(stage, () => stage.status(), (status) => status !== undefined && wanted(status));
  assert.ok(found !== undefined);
  return found;
}

/** Resolves when the store holds just this. */
export async function untilStored(stage: Stage, service: RegistrationServiceOnStage, ...wanted: readonly string[]): Promise<void> {
  await hasten(stage, () => service.workloads(), (lines) => JSON.stringify(lines) === JSON.stringify(wanted));
}

/** A machine of the stage that is ready, as its group sees it too. */
export async function joinGroup(stage: Stage, service: RegistrationServiceOnStage, more: Told = {}): Promise<Status> {
  const status = await stage.serving({ ...service.settings, ...more });
  await untilStored(stage, service, serving);
  return status;
}

/** What an operator reads of a registration that is not good: its code, and a remedy. */
export function told({ registration: { good, detail, problem } }: Status): readonly unknown[] {
  assert.equal(detail, problem?.what);
  assert.notEqual(problem?.remedy, "");
  return [good, problem?.code];
}
