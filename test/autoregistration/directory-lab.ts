import { openAdminServer, type AdminServer, type AdminSources, type Readiness } from "../../src/autoregistration/admin-server.ts";
import { Fleet } from "../../src/autoregistration/fleet.ts";
import { MemoryStore } from "../../src/autoregistration/memory-store.ts";
import type { LeaseObject, WorkloadObject } from "../../src/autoregistration/objects.ts";
import { renderGroupEntries, renderWorkloadEntries } from "../../src/autoregistration/render-directory.ts";
import { watchWorkloads } from "../../src/autoregistration/watch-workloads.ts";
import { renderKey, type ExternalGroup } from "../../src/model/external-group.ts";
import type { GroupTrouble } from "../../src/registration/directory.ts";
import { condition, group, lease, now, object } from "./samples.ts";

const { signal } = new AbortController();

/** A registration service of which only the lists work: a store, what is known of it, groups, and the admin server. */
export class DirectoryLab implements AsyncDisposable {
  readonly store = new MemoryStore(() => now - 60_000);
  readonly fleet = new Fleet();
  groups: readonly ExternalGroup[] = [group()];
  troubles: readonly GroupTrouble[] = [];
  readiness: Readiness = { ready: true, reason: "serving", problems: [] };
  now = now;
  readonly #stop = new AbortController();
  readonly sources: AdminSources = {
    ready: () => this.readiness,
    metrics: () => Promise.resolve("up 1\n"),
    isRead: () => this.fleet.isRead,
    listGroups: () => ({
      groups: renderGroupEntries({ groups: new Map(this.groups.map((one) => [renderKey(one.key), one])), workloads: this.fleet.snapshot().workloads, defaultIdentities: ["spiffe://td/default/*"] }),
      troubles: this.troubles,
    }),
    listWorkloads: () => renderWorkloadEntries(this.fleet.snapshot(), this.now),
    watchWorkloads: (until) => watchWorkloads(this.fleet, () => this.now, until),
  };

  static async open(): Promise<DirectoryLab> {
    const lab = new DirectoryLab();
    const { promise, resolve } = Promise.withResolvers<void>();
    void lab.fleet.follow(lab.store, resolve, lab.#stop.signal);
    await promise;
    return lab;
  }

  serve(port = 0, host = "127.0.0.1"): Promise<AdminServer> {
    return openAdminServer({ host, port }, this.sources);
  }

  /** A machine that registered and is ready, unless said otherwise. */
  async add(name: string, { ready = true, of = {}, life = {} }: { readonly ready?: boolean; readonly of?: Partial<WorkloadObject>; readonly life?: Partial<LeaseObject> } = {}): Promise<void> {
    const key = { namespace: "shop", name };
    const made = await this.store.createWorkload(object({ key, serverName: `${name}.shop.external.identity.linkerd.cluster.local`, instanceId: `instance-${name}`, ...of }), signal);
    if (!made.ok) throw new Error(made.refusal);
    await this.store.createLease(lease({ key, ...life }), signal);
    await this.setReady(name, ready);
  }

  async setReady(name: string, ready: boolean, reason = ready ? "Ready" : "NotReady"): Promise<void> {
    const key = { namespace: "shop", name };
    const { version = "" } = await this.store.readWorkload(key, signal) ?? {};
    await this.store.updateCondition(key, { condition: condition({ ready, reason, message: ready ? "" : "the application answers 503" }), version }, signal);
  }

  async renew(name: string, change: Partial<LeaseObject>): Promise<void> {
    const stored = await this.store.readLease({ namespace: "shop", name }, signal);
    if (stored) await this.store.updateLease({ ...stored.value, ...change }, stored.version, signal);
  }

  async remove(name: string): Promise<void> {
    const key = { namespace: "shop", name };
    await this.store.deleteWorkload(key, (await this.store.readWorkload(key, signal))?.version ?? "", signal);
    await this.store.deleteLease(key, (await this.store.readLease(key, signal))?.version ?? "", signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.store[Symbol.asyncDispose]();
  }
}
