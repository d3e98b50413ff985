// Runs inside Wine as a service that behaves as it is told.
import { writeFileSync } from "node:fs";
import { serve } from "../../../src/platform/win32/service-life.ts";
import type { ServiceLife } from "../../../src/platform/host.ts";
import { whenAborted } from "../../../src/base/abort.ts";

const [name = "", manner = ""] = process.argv.slice(2);

const manners: Readonly<Record<string, (life: ServiceLife) => Promise<void>>> = {
  good: async ({ signal, started }) => {
    started();
    await whenAborted(signal).promise.catch(() => undefined);
  },
  /** Fails at once. */
  failing: () => Promise.reject(new Error("it cannot work")),
  /** An error that nobody catches, later. */
  crashing: async ({ signal, started }) => {
    started();
    setTimeout(() => {
      throw new Error("nobody catches this");
    }, 50);
    await whenAborted(signal).promise;
  },
  /** Never ends. */
  deaf: ({ started }) => {
    started();
    return new Promise(() => undefined);
  },
  /** Is never done with its start. */
  slow: ({ signal }) => whenAborted(signal).promise,
};

const onCrash = (error: unknown): void => writeFileSync(`C:\\crash-${manner}`, String(error));

await serve({ name, exitOf: () => 7, stopPatience: () => 500, onResume: () => undefined, onCrash }, (life) => manners[manner]?.({ signal: life.signal, started: () => life.started() }) ?? Promise.resolve()).catch(() => undefined);
process.exit(0);
