import { untilAborted } from "../base/abort.ts";
import { isMeshError, MeshError } from "../model/errors.ts";
import type { HostPort } from "../model/settings/values.ts";
import { openRegistrationServer, type RegistrationServer, type ServerAuth } from "../registration/server.ts";
import type { RegistrationHandlers } from "../registration/server-handlers.ts";
import { Fleet } from "./fleet.ts";
import type { WatchedGroups } from "./groups-folder.ts";
import { serveRegistrar } from "./handlers.ts";
import { LastingWork, type LastingDeps } from "./lasting-work.ts";
import { leadRounds } from "./lead-rounds.ts";
import type { Leadership } from "./leadership.ts";
import type { LeaseTokens } from "./lease-tokens.ts";
import { RateLimits } from "./rate-limits.ts";
import { Registrar } from "./registrar.ts";
import type { Store } from "./store.ts";
import type { Vitals } from "./vitals.ts";
import { Hints } from "./watch-hints.ts";

/** What a registration service is made of. */
export interface ServiceParts extends LastingDeps {
  readonly listen: HostPort;
  readonly auth: ServerAuth;
  readonly store: Store;
  /** Read already. */
  readonly groups: WatchedGroups & { follow(signal: AbortSignal, read: () => void): Promise<void> };
  readonly tokens: LeaseTokens;
  readonly leadership: Leadership;
  readonly vitals: Vitals;
  readonly clusterDomain: string;
  readonly defaultIdentities: readonly string[];
  /** Sees every call. */
  readonly observe?: (handlers: RegistrationHandlers) => RegistrationHandlers;
}

/** A registration service that answers machines. Disposing it drains it and ends all of its work. */
export interface Service extends AsyncDisposable {
  readonly address: HostPort;
  readonly counts: RegistrationServer["counts"];
}

// The whole stop has five seconds, the store's end included.
const drainTime = 4000;

/**
 * Opens the service over a fleet that it fills: reads the store, waits for an identity where it needs one, and listens.
 * The signal bounds the opening; disposing ends the rest.
 */
export async function openService(parts: ServiceParts, fleet: Fleet, signal: AbortSignal): Promise<Service> {
  const { store, groups, vitals } = parts;
  await using opening = new AsyncDisposableStack();
  const hints = opening.use(new Hints(fleet, groups));
  const work = opening.use(new LastingWork(parts));
  const loaded = Promise.withResolvers<void>();
  work.start({
    doing: "following the store",
    told: (error) => vitals.trouble("store", error),
    work: (good, until) => fleet.follow(store, () => { good(); loaded.resolve(); }, until),
  });
  work.start({ doing: "following the groups", told: (error) => vitals.trouble("groups", error), work: (good, until) => groups.follow(until, good) });
  work.start({ doing: "telling machines of changes", told: () => undefined, work: (_good, until) => hints.follow(until) });
  await untilAborted(loaded.promise, signal);
  if (parts.auth.kind === "tls") vitals.enter("waiting for an identity");
  const server = await listen(parts, serveRegistrar(createRegistrar(parts, fleet), hints.watch), signal);
  work.start({ doing: "looking after the machines", told: (error) => vitals.trouble("rounds", error), work: (good, until) => leadRounds({ ...parts, fleet, good }, until) });
  vitals.enter("serving");
  const rest = opening.move();
  return {
    address: server.address,
    counts: () => server.counts(),
    [Symbol.asyncDispose]: async () => {
      vitals.enter("draining");
      await server.drain(drainTime);
      await rest.disposeAsync();
    },
  };
}

function createRegistrar(parts: ServiceParts, fleet: Fleet): Registrar {
  const { store, groups, tokens, clock, log, clusterDomain, defaultIdentities } = parts;
  return new Registrar({ store, fleet, groups, tokens, limits: new RateLimits(), clock, log, clusterDomain, defaultIdentities });
}

async function listen({ listen: address, auth, clock, log, observe }: ServiceParts, handlers: RegistrationHandlers, signal: AbortSignal): Promise<RegistrationServer> {
  try {
    return await openRegistrationServer({ listen: address, auth, handlers: observe?.(handlers) ?? handlers, clock, log }, signal);
  } catch (error) {
    if (!isMeshError(error, "PORT_TAKEN")) throw error;
    throw new MeshError("PORT_TAKEN", { doing: error.doing, what: error.what, remedy: "Stop the process that listens there, or give LISTEN_ADDRESS another value: an address of this machine, and a port above 1023 for who is not root.", target: "LISTEN_ADDRESS", cause: error });
  }
}
