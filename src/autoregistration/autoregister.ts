import { join } from "node:path";
import { whenAborted } from "../base/abort.ts";
import { MeshError } from "../model/errors.ts";
import { renderHostPort } from "../model/settings/kinds/host-port.ts";
import type { Settings } from "../model/settings/settings.ts";
import type { HostPort } from "../model/settings/values.ts";
import type { Host } from "../platform/host.ts";
import type { ServerAuth } from "../registration/server.ts";
import { openAdminServer, type AdminSources, type Readiness } from "./admin-server.ts";
import { Fleet } from "./fleet.ts";
import { GroupsFolder } from "./groups-folder.ts";
import { soleLeadership, waitForClaim } from "./leadership.ts";
import { MemoryStore } from "./memory-store.ts";
import { renderGroupEntries, renderWorkloadEntries } from "./render-directory.ts";
import { ServerIdentity } from "./server-identity.ts";
import { identityOptionsOf } from "../spiffe/identity-watch.ts";
import { openService, type Service } from "./service.ts";
import { ServiceMetrics } from "./service-metrics.ts";
import { SqliteStore } from "./sqlite-store.ts";
import type { Store } from "./store.ts";
import { openLeaseTokens, type TokenKeySource } from "./token-key.ts";
import { Vitals, type ServicePart, type ServicePhase } from "./vitals.ts";
import { watchWorkloads } from "./watch-workloads.ts";

/** What the registration service outside Kubernetes runs with. */
export interface AutoregisterOptions {
  readonly host: Host;
  /** Those of role `server`. */
  readonly settings: Settings;
  readonly groupsDir: string;
  /** Where machines are kept: a file that outlives the process, or its memory. */
  readonly store: "disk" | "memory";
  readonly onPhase?: (phase: ServicePhase) => void;
  /** Called once, when machines may call. */
  readonly onOpen: (opened: Opened) => void;
}

/** Where an open service is, and what it has read. */
export interface Opened {
  readonly listen: HostPort;
  readonly admin: HostPort;
  /** The SPIFFE id that machines see; none behind a mesh's proxy. */
  readonly identity: string | undefined;
  readonly groups: number;
  readonly troubles: number;
}

/** How long a call that could not be stored counts as a store that is in trouble, milliseconds. */
const storeMemory = 60_000;

/** Runs the registration service until the signal; then drains it. Errors: those of its parts that no patience cures. */
export async function runAutoregister(options: AutoregisterOptions, signal: AbortSignal): Promise<void> {
  const run = new Autoregister(options);
  const fatal = new AbortController();
  const until = AbortSignal.any([signal, fatal.signal]);
  try {
    await run.serve(until, (error) => fatal.abort(error));
  } catch (error) {
    if (!until.aborted || error !== until.reason) throw error;
  }
  if (fatal.signal.aborted && !signal.aborted) throw fatal.signal.reason;
}

class Autoregister {
  readonly #options: AutoregisterOptions;
  readonly #fleet = new Fleet();
  readonly #vitals: Vitals;
  readonly #groups: GroupsFolder;
  readonly #identity: ServerIdentity | undefined;
  readonly #metrics: ServiceMetrics;
  #service: Service | undefined;

  constructor(options: AutoregisterOptions) {
    const { host, settings, groupsDir } = options;
    this.#options = options;
    this.#vitals = new Vitals(options.onPhase);
    this.#groups = new GroupsFolder({ folder: groupsDir, files: host.files, clock: host.clock, log: host.log });
    const { controlServerName: serverName, authMode } = settings;
    this.#identity = authMode === "sidecar" ? undefined : new ServerIdentity(host, { ...identityOptionsOf(settings), serverName }, this.#vitals);
    this.#metrics = new ServiceMetrics({
      clock: host.clock, fleet: this.#fleet, vitals: this.#vitals, groups: this.#groups, service: () => this.#service,
      ready: () => this.#readiness().ready, identityExpiresAt: () => this.#identity?.expiresAt,
    });
  }

  async serve(until: AbortSignal, failed: (error: unknown) => void): Promise<void> {
    const { host, settings, store: kind, onOpen } = this.#options;
    await using open = new AsyncDisposableStack();
    await this.#groups.open();
    const admin = open.use(await openAdminServer(settings.adminAddress, this.#adminSources()));
    if (kind === "disk") open.use(await this.#claim(until));
    const store = open.use(this.#openStore());
    const tokens = await openLeaseTokens(host.files, this.#tokenKey(), host.log);
    const stop = open.adopt(new AbortController(), (controller) => controller.abort());
    void this.#identity?.follow(stop.signal).catch(failed);
    const { clusterDomain, defaultGroupIdentities: defaultIdentities, listenAddress } = settings;
    const service = open.use(await openService({
      listen: listenAddress, auth: this.#auth(), store, groups: this.#groups, tokens, leadership: soleLeadership, vitals: this.#vitals,
      clock: host.clock, log: host.log, random: () => host.random(), clusterDomain, defaultIdentities, observe: (handlers) => this.#metrics.observe(handlers),
    }, this.#fleet, until));
    this.#service = service;
    onOpen({ listen: service.address, admin: admin.address, identity: this.#identity?.id, groups: this.#groups.current().size, troubles: this.#groups.troubles().length });
    await whenAborted(until).promise;
  }

  async #claim(until: AbortSignal): Promise<AsyncDisposable> {
    const { host: { files, clock, log }, settings: { stateDir } } = this.#options;
    if ((await files.stat(stateDir)) === undefined) await files.makeFolder(stateDir, 0o700);
    return waitForClaim(join(stateDir, "registration.lock"), { files, clock, log, waiting: () => this.#vitals.enter("standing by") }, until);
  }

  #openStore(): Store {
    const { host, settings, store } = this.#options;
    const now = (): number => host.clock.now().getTime();
    return store === "memory" ? new MemoryStore(now) : new SqliteStore(join(settings.stateDir, "registration.db"), now);
  }

  #tokenKey(): TokenKeySource {
    const { settings: { tokenKeyFile: path, stateDir: folder }, store } = this.#options;
    if (path !== undefined) return { kind: "file", path };
    return store === "memory" ? { kind: "random" } : { kind: "state", folder };
  }

  #auth(): ServerAuth {
    if (this.#identity !== undefined) return { kind: "tls", identities: this.#identity.identities };
    this.#options.host.log.write("warn", "plaintext for a mesh's proxy in front: whoever reaches this address past the proxy may call itself anybody", { listenAddress: renderHostPort(this.#options.settings.listenAddress) });
    return { kind: "sidecar" };
  }

  #adminSources(): AdminSources {
    const { host: { clock }, settings: { defaultGroupIdentities: defaultIdentities } } = this.#options;
    const now = (): number => clock.now().getTime();
    return {
      ready: () => this.#readiness(),
      metrics: () => this.#metrics.render(),
      isRead: () => this.#fleet.isRead,
      listGroups: () => ({ groups: renderGroupEntries({ groups: this.#groups.current(), workloads: this.#fleet.snapshot().workloads, defaultIdentities }), troubles: this.#groups.troubles() }),
      listWorkloads: () => renderWorkloadEntries(this.#fleet.snapshot(), now()),
      watchWorkloads: (signal) => watchWorkloads(this.#fleet, now, signal),
    };
  }

  /** With what is true only at this moment. */
  #readiness(): Readiness {
    const { clock } = this.#options.host;
    const seen = new Map<ServicePart, MeshError>();
    const expiresAt = this.#identity?.expiresAt;
    if (expiresAt !== undefined && expiresAt <= clock.now()) seen.set("identity", new MeshError("SVID_EXPIRED", { doing: "serving machines", what: `this server's certificate expired at ${expiresAt.toISOString()}, and no other came` }));
    if (clock.monotonic() - this.#fleet.deafAt < storeMemory) seen.set("store", new MeshError("STORE_FAILED", { doing: "answering a machine", what: "a call of the last minute could not be stored; the log says why" }));
    return this.#vitals.readiness(seen);
  }
}
