import { createRequire } from "node:module";
import type koffi from "koffi";

/** Loads the library for foreign functions from the packages. The executable has ./sealed-koffi.ts in this module's place. */
export function loadKoffi(): typeof koffi {
  return createRequire(import.meta.url)("koffi") as typeof koffi;
}
