import type { SettingKey } from "./settings.ts";
import type { Origin } from "./sources.ts";

/** A setting with its value, and who said it. */
export interface Resolved {
  readonly key: SettingKey;
  readonly value: unknown;
  readonly text: string;
  readonly origin: Origin;
  /** As its author knows it; undefined for what nobody said. */
  readonly where: string | undefined;
}
