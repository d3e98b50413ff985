/** Something of the simulated mesh that can be made to misbehave. */
export interface Switch {
  /** What it is, as one phrase. */
  readonly describe: string;
  /** The values, the ordinary one first; each with what it does. */
  readonly values: Readonly<Record<string, string>>;
  /** Values that happen once and change nothing that stays. */
  readonly momentary: readonly string[];
}

/** How any service misbehaves. */
const service = {
  values: { on: "it works", cut: "every connection ends at once; new ones are served", refuse: "nobody listens", slow: "answers come two seconds late" },
  momentary: ["cut"],
} as const;

/** Every switch of the simulator; help, docs and the check of a value are projections of it. */
export const switches = {
  identity: {
    describe: "The identity that the first machine gets",
    values: {
      good: "an SVID that is valid and renewed at half its life",
      rotate: "the same again, at once, of every machine and the registration service",
      expired: "an SVID whose life is over",
      "wrong-id": "an SVID of another SPIFFE id",
      "wrong-chain": "an SVID that another root signed",
      "no-entry": "no SVID: PermissionDenied, as SPIRE without an entry",
      silent: "the stream stays open and nothing comes",
    },
    momentary: ["rotate"],
  },
  bundle: { describe: "The trust bundle that everybody gets", values: { same: "one root", grow: "one root more, which signs nothing yet" }, momentary: [] },
  issuer: { describe: "The Workload API, at every socket", ...service },
  destination: { describe: "Linkerd's destination service", ...service },
  policy: { describe: "Linkerd's policy service", ...service },
  peer: { describe: "The meshed echo service", ...service },
  "peer-certificate": {
    describe: "The certificate of the meshed echo service",
    values: { good: "valid", rotate: "another one, at once", expired: "its life is over", "wrong-chain": "another root signed it", "wrong-id": "it names somebody else" },
    momentary: ["rotate"],
  },
  clock: {
    describe: "The issuer's clock, by which certificates begin and end",
    values: { right: "the machine's own", ahead: "five minutes ahead: certificates are not valid yet", behind: "five minutes behind: certificates end early" },
    momentary: [],
  },
  access: {
    describe: "Who may call a machine's application",
    values: { client: "the client of the demo and the machines", mesh: "everybody with an identity", all: "everybody", nobody: "nobody" },
    momentary: [],
  },
} as const satisfies Record<string, Switch>;

/** Name of a switch. */
export type SwitchName = keyof typeof switches;

/** Where every switch stands. */
export type SwitchState = Readonly<Record<SwitchName, string>>;

/** All switches at their ordinary value. */
export function ordinarySwitches(): Record<SwitchName, string> {
  return Object.fromEntries(Object.entries(switches).map(([name, { values }]) => [name, Object.keys(values)[0]])) as Record<SwitchName, string>;
}

/** Why a value cannot be set; undefined when it can. */
export function judgeSwitch(name: string, value: string): string | undefined {
  const found: Switch | undefined = Object.hasOwn(switches, name) ? switches[name as SwitchName] : undefined;
  if (found === undefined) return `there is no switch '${name}'; the switches are ${Object.keys(switches).join(", ")}`;
  return Object.hasOwn(found.values, value) ? undefined : `'${name}' takes ${Object.keys(found.values).join(", ")}, not '${value}'`;
}

/** True for a value that happens once: the switch then stands as before. */
export function isMomentary(name: SwitchName, value: string): boolean {
  return (switches[name].momentary as readonly string[]).includes(value);
}
