import type { HostPort } from "../model/settings/values.ts";
import { dial } from "./dial.ts";

/** Why the application takes no connection; undefined when it took one, which is closed at once. */
export function probeTcp(address: HostPort, signal: AbortSignal): Promise<string | undefined> {
  return dial({ address, tls: undefined, milliseconds: undefined }, signal);
}
