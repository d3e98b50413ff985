import assert from "node:assert/strict";
import type { Stage } from "./stage.ts";

/** Stops the harness in time, and nothing is left of it. */
export async function assertEndsCleanly(stage: Stage): Promise<void> {
  assert.ok(await stage.stop() < 5000);
  await stage.assertNothingLeft();
}

/** The codes of what a harness ended with. */
export function codesOf(error: unknown): readonly string[] {
  return error instanceof Error && "errors" in error ? (error.errors as { code: string }[]).map(({ code }) => code) : [String((error as { code?: string } | undefined)?.code)];
}
