import type { ActiveRedirect, RedirectPlan, Redirector, RedirectState } from "../../src/model/traffic.ts";

/** A redirect that exists in memory only, and fails, drifts or gets lost on request. */
export class FakeRedirector implements Redirector {
  readonly kind = "nftables";
  /** Every change, in order. */
  readonly changes: string[] = [];
  /** Errors for the next attempts to switch on or over, oldest first. */
  readonly failures: Error[] = [];
  drift: readonly string[] = [];
  foreign: string | undefined;
  missing: { readonly what: string; readonly remedy: string } | undefined;
  #plan: RedirectPlan | undefined;
  #lose: ((why: string) => void) | undefined;
  #watchers: { readonly line: string; readonly count: number; readonly resolve: () => void }[] = [];

  get mode(): RedirectPlan["mode"] | "off" {
    return this.#plan?.mode ?? "off";
  }

  obstacle(): Promise<{ readonly what: string; readonly remedy: string } | undefined> {
    return Promise.resolve(this.missing);
  }

  observe(): Promise<RedirectState> {
    if (this.foreign !== undefined) return Promise.resolve({ state: "foreign", detail: this.foreign });
    if (this.#plan === undefined) return Promise.resolve({ state: "absent" });
    return Promise.resolve({ state: "present", mode: this.#plan.mode, owner: 1, drift: this.drift });
  }

  enable(plan: RedirectPlan): Promise<ActiveRedirect> {
    const failed = this.#change(`enable ${plan.mode}`);
    if (failed !== undefined) return Promise.reject(failed);
    this.#plan = plan;
    const { promise, resolve } = Promise.withResolvers<string>();
    this.#lose = resolve;
    const current = (): RedirectPlan => this.#plan ?? plan;
    return Promise.resolve({
      get plan() { return current(); },
      lost: promise,
      replace: (next: RedirectPlan) => this.#replace(next),
      [Symbol.asyncDispose]: () => {
        this.#change("off");
        this.#plan = undefined;
        return Promise.resolve();
      },
    });
  }

  /** The rules vanish, as when their holder is killed. */
  lose(why: string): void {
    this.#plan = undefined;
    this.#lose?.(why);
  }

  /** Resolves when that change was made so often. */
  async changed(line: string, count = 1): Promise<void> {
    if (this.#made(line) >= count) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#watchers.push({ line, count, resolve });
    await promise;
  }

  #replace(plan: RedirectPlan): Promise<void> {
    const failed = this.#change(`replace ${plan.mode}`);
    if (failed !== undefined) return Promise.reject(failed);
    this.#plan = plan;
    this.drift = [];
    return Promise.resolve();
  }

  #change(line: string): Error | undefined {
    this.changes.push(line);
    for (const { line: wanted, count, resolve } of this.#watchers) if (this.#made(wanted) >= count) resolve();
    return line === "off" ? undefined : this.failures.shift();
  }

  #made(line: string): number {
    return this.changes.filter((change) => change === line).length;
  }
}
