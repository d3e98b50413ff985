import { MeshError } from "../../model/errors.ts";
import type { Host, ServiceFacts, ServiceState } from "../../platform/host.ts";

/** What is waited for. */
export interface AwaitedState {
  readonly name: string;
  readonly until: readonly ServiceState[];
  /** Milliseconds. */
  readonly patience: number;
}

const lookEvery = 100;

/** Waits until the service stands as wanted, or is gone; SERVICE_TIMEOUT when it does not get there in time. */
export async function awaitState(host: Host, { name, until, patience }: AwaitedState, signal: AbortSignal): Promise<ServiceFacts | undefined> {
  const deadline = host.clock.monotonic() + patience;
  for (;;) {
    const facts = await host.services.read(name);
    if (facts === undefined || until.includes(facts.state)) return facts;
    if (host.clock.monotonic() >= deadline) {
      throw new MeshError("SERVICE_TIMEOUT", { doing: `waiting until the service ${name} is ${until.join(" or ")}`, what: `it is ${facts.state} after ${patience / 1000} s`, target: name });
    }
    await host.clock.sleep(lookEvery, signal);
  }
}

/** The error for a service that is not there. */
export function absent(name: string, doing: string): MeshError {
  return new MeshError("SERVICE_ABSENT", { doing: `${doing} the service ${name}`, what: "there is no such service", target: name });
}
