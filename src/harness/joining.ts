import type { GroupProbe } from "../model/external-group.ts";
import { MeshError } from "../model/errors.ts";
import type { Resolution } from "../model/settings/resolve.ts";
import type { Settings } from "../model/settings/settings.ts";
import type { Texts } from "../model/settings/sources.ts";
import type { Membership, Registration } from "../registration/registration.ts";
import { followApplication, followRegistration, type Following } from "./follow.ts";
import { initialVerdict } from "./probe-threshold.ts";
import { isOwnAdmin } from "./probe-settings.ts";
import { describeProblem, writeProblem } from "./problem.ts";

/** What joining works with. */
export interface JoiningOptions {
  readonly registration: Registration;
  /** What the machine itself says; the group's values rank below it. */
  readonly settings: Settings;
  readonly settle: (values: Texts) => Resolution;
  readonly following: (settings: () => Settings) => Following;
  /** Runs work under a name until it ends; its failure is the harness's. */
  readonly keep: (name: string, work: Promise<void>) => void;
}

/** Follows the registration under the identity of the moment, and lets hold what it says: settings and the application's probe. */
export class Joining implements Disposable {
  readonly #options: JoiningOptions;
  readonly #following: Following;
  #settings: Settings;
  /** The settings as they were said: others mean another configuration of the proxy. */
  #texts: readonly (readonly string[])[];
  #registering = new AbortController();
  #probing = new AbortController();
  #probe: string | undefined;

  constructor(options: JoiningOptions) {
    this.#options = options;
    this.#settings = options.settings;
    this.#texts = textsOf(options.settle({}));
    this.#following = options.following(() => this.#settings);
  }

  get following(): Following {
    return this.#following;
  }

  get settings(): Settings {
    return this.#settings;
  }

  /** Registers under an identity from now on; the one before is not followed any longer. */
  register(identity: string): void {
    this.forget();
    this.#registering = new AbortController();
    const { registration, keep } = this.#options;
    const joined = (membership: Membership): void => this.#join(membership);
    keep("the registration", followRegistration(this.#following, { registration, identity, joined }, this.#registering.signal));
  }

  /** Follows the registration no longer, since it was for somebody whom we are not any more. */
  forget(): void {
    this.#registering.abort(new Error("another identity, or none"));
  }

  [Symbol.dispose](): void {
    this.forget();
    this.#probing.abort(new Error("the harness ends"));
  }

  #join({ workload, values, probe }: Membership): void {
    const resolution = this.#options.settle(values);
    const { settings, problems } = resolution;
    if (settings !== undefined) {
      this.#settings = settings;
      this.#texts = textsOf(resolution);
    }
    this.#tellValues(problems);
    this.#follow(probe);
    this.#following.post({ kind: "registered", registered: { configuration: JSON.stringify([workload, this.#texts]) } });
  }

  #tellValues(problems: readonly MeshError[]): void {
    const { seen, host } = this.#following;
    seen.valuesProblem = undefined;
    if (problems.length === 0) return;
    const error = new MeshError("GROUP_VALUES", { doing: "taking what the group says of settings", what: problems.map(({ what }) => what).join("; ") });
    seen.valuesProblem = describeProblem(error);
    writeProblem(host.log, "error", seen.valuesProblem);
  }

  #follow(probe: GroupProbe | undefined): void {
    const asked = probe === undefined || isOwnAdmin(probe, this.#settings.harnessAdminPort) ? undefined : probe;
    const text = JSON.stringify(asked ?? null);
    if (text === this.#probe) return;
    this.#probe = text;
    this.#probing.abort(new Error("another probe"));
    this.#probing = new AbortController();
    // What another probe said of the application says nothing by this one.
    this.#following.seen.application = asked && initialVerdict;
    if (asked !== undefined) this.#options.keep("the application's probe", followApplication(this.#following, asked, this.#probing.signal));
  }
}

function textsOf({ resolved }: Resolution): readonly (readonly string[])[] {
  return [...resolved.values()].map(({ key, text }) => [key, text]);
}
