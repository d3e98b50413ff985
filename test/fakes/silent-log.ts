import type { Log } from "../../src/platform/host.ts";

/** A log that nobody reads. */
export const silentLog: Log = { write: () => undefined, child: () => silentLog };
