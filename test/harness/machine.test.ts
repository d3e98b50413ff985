import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import fc from "fast-check";
import { initialState, planSteering, step, type Event, type Phase, type Policy, type State } from "../../src/harness/machine.ts";

const registered = { configuration: "a" };
const identity = { id: "spiffe://mesh.test/vm", anchors: "a" };

const phases: readonly Phase[] = [
  "waitIdentity", "registering", "waitRegistration", "startingProxy", "waitProxyReady", "enableRedirect", "serving",
  "withheld", "restarting", "backoff", "draining", "deregistering", "stopping", "stopped",
];

const events: Readonly<Record<string, Event>> = {
  "identity same": { kind: "identity", identity },
  "identity other anchors": { kind: "identity", identity: { ...identity, anchors: "b" } },
  "identity other id": { kind: "identity", identity: { id: "spiffe://mesh.test/other", anchors: "a" } },
  registered: { kind: "registered", registered },
  "registered anew": { kind: "registered", registered: { configuration: "b" } },
  registrationFailed: { kind: "registrationFailed" },
  proxyReady: { kind: "proxyReady" },
  proxyUnready: { kind: "proxyUnready" },
  "proxyExited at once": { kind: "proxyExited", settled: false },
  "proxyExited settled": { kind: "proxyExited", settled: true },
  "steered redirect": { kind: "steered", to: "redirect" },
  "steered refuse": { kind: "steered", to: "refuse" },
  "steered off": { kind: "steered", to: "off" },
  "controlPlane away": { kind: "controlPlane", reachable: false },
  "controlPlane back": { kind: "controlPlane", reachable: true },
  "operator off": { kind: "operator", want: "off" },
  "operator on": { kind: "operator", want: "on" },
  retry: { kind: "retry" },
  stop: { kind: "stop" },
  leave: { kind: "leave" },
  drained: { kind: "drained" },
};

const open: Policy = { onProxyFailure: "open" };
const closed: Policy = { onProxyFailure: "closed" };

/** A harness that has come as far as a phase in the ordinary way. */
function inPhase(phase: Phase): State {
  const known = { ...initialState, phase, failures: 1 };
  if (phase === "waitIdentity") return { ...initialState, phase };
  const withIdentity = { ...known, identity };
  if (phase === "registering" || phase === "waitRegistration") return withIdentity;
  const captured = ["serving", "withheld", "restarting", "backoff", "draining", "deregistering"].includes(phase);
  return { ...withIdentity, registered, controlPlane: phase !== "withheld", captured, hold: phase === "restarting" };
}

function describeStep(state: State, event: Event, policy: Policy): string {
  const { state: next, effects } = step(state, event, policy);
  const changes = Object.entries(next)
    .filter(([key, value]) => key !== "phase" && value !== state[key as keyof State])
    .map(([key, value]) => `${key}=${typeof value === "object" ? "new" : String(value)}`);
  const does = effects.map((effect) => [effect.kind, ...Object.entries(effect).filter(([key]) => key !== "kind").map(([, value]) => String(value))].join(" "));
  return [next.phase === state.phase ? "-" : `→ ${next.phase}`, ...does, ...changes].join("; ");
}

function renderTable(policy: Policy): string {
  return phases.flatMap((phase) => [phase, ...Object.entries(events).map(([name, event]) => `  ${name.padEnd(23)} ${describeStep(inPhase(phase), event, policy)}`)]).join("\n") + "\n";
}

describe("the harness's machine", () => {
  for (const [name, policy] of [["open", open], ["closed", closed]] as const) {
    it(`answers every event in every state, as the reviewed table says (ON_PROXY_FAILURE=${name})`, () => {
      const path = `test/golden/harness/machine-${name}.txt`;
      const table = renderTable(policy);
      if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(path, table);
      assert.equal(table, readFileSync(path, "utf8"));
    });
  }

  it("is asked about every kind of event", () => {
    // A kind that is missing here does not compile; one without a row above fails.
    const kinds: Readonly<Record<Event["kind"], true>> = {
      identity: true, registered: true, registrationFailed: true, proxyReady: true, proxyUnready: true, proxyExited: true,
      steered: true, controlPlane: true, operator: true, retry: true, stop: true, leave: true, drained: true,
    };
    assert.deepEqual([...new Set(Object.values(events).map(({ kind }) => kind))].toSorted(), Object.keys(kinds).toSorted());
  });

  it("knows every phase that the schema of the status knows", async () => {
    const { statusSchema } = await import("../../src/harness/status-schema.ts");
    assert.deepEqual([...statusSchema.shape.state.options].toSorted(), [...phases].toSorted());
  });

  it("steers traffic to the proxy only where it is ready, and never after a stop", () => {
    const text = phases.map((phase) => `${phase}: ${planSteering(inPhase(phase), open)} | ${planSteering(inPhase(phase), closed)}`);
    assert.deepEqual(text, [
      "waitIdentity: off | off",
      "registering: off | off",
      "waitRegistration: off | off",
      "startingProxy: off | off",
      "waitProxyReady: off | off",
      "enableRedirect: redirect | redirect",
      "serving: redirect | redirect",
      "withheld: off | refuse",
      "restarting: refuse | refuse",
      "backoff: off | refuse",
      "draining: redirect | redirect",
      "deregistering: off | refuse",
      "stopping: off | off",
      "stopped: off | off",
    ]);
    for (const phase of phases) assert.equal(planSteering({ ...inPhase(phase), operator: "off" }, closed), "off");
  });
});

describe("a planned restart of the proxy", () => {
  const other = { kind: "identity", identity: { id: "spiffe://mesh.test/other", anchors: "a" } } as const;
  const exited = { kind: "proxyExited", settled: true } as const;

  function after(state: State, ...script: readonly Event[]): { readonly state: State; readonly orders: readonly string[] } {
    const orders: string[] = [];
    let now = state;
    for (const event of script) {
      const { state: next, effects } = step(now, event, open);
      now = next;
      orders.push(...effects.map((effect) => (effect.kind === "steer" ? `steer ${effect.to}` : effect.kind)));
    }
    return { state: now, orders };
  }

  it("for another SPIFFE id registers anew before the proxy starts", () => {
    const { state, orders } = after(inPhase("serving"), other, exited, { kind: "registered", registered: { configuration: "b" } });
    assert.deepEqual([state.phase, state.next, orders], ["startingProxy", "start", ["steer refuse", "stopProxy", "register", "startProxy"]]);
  });

  it("for what the group tells the proxy starts it again as the same workload, and refuses traffic meanwhile", () => {
    const anew = { kind: "registered", registered: { configuration: "b" } } as const;
    const { state, orders } = after(inPhase("serving"), anew, exited, { kind: "proxyReady" }, { kind: "steered", to: "redirect" });
    assert.deepEqual([state.phase, orders], ["serving", ["steer refuse", "stopProxy", "startProxy", "steer redirect"]]);
    assert.deepEqual(after(inPhase("serving"), { kind: "registered", registered }).orders, []);
  });

  it("that finds the control plane away holds traffic no longer than ON_PROXY_FAILURE says", () => {
    const anew = { kind: "registered", registered: { configuration: "b" } } as const;
    const { state, orders } = after(inPhase("serving"), anew, { kind: "controlPlane", reachable: false }, exited, { kind: "proxyReady" });
    assert.deepEqual([state.phase, state.hold, orders], ["withheld", false, ["steer refuse", "stopProxy", "startProxy", "steer off"]]);
  });
});

const anyEvent = fc.constantFrom(...Object.values(events));
const anyPolicy = fc.constantFrom(open, closed);

/** Follows the machine's orders as the runtime does and remembers what the system would hold. */
function play(script: readonly Event[], policy: Policy): { state: State; steering: string; steerings: string[] } {
  let state = initialState;
  const world = { steering: "off", steerings: [] as string[] };
  for (const event of script) {
    const { state: next, effects } = step(state, event, policy);
    state = next;
    for (const effect of effects) {
      if (effect.kind === "steer") world.steering = effect.to;
    }
    world.steerings.push(`${state.phase} ${world.steering}`);
  }
  return { state, ...world };
}

describe("the harness's machine, whatever happens", () => {
  it("what was ordered of the system is what the state wants", () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 60 }), anyPolicy, (script, policy) => {
        const { state, steering } = play(script, policy);
        assert.equal(steering, planSteering(state, policy));
      }),
      { numRuns: 3000 },
    );
  });

  it("captures nothing before an identity, a registration and a ready proxy", () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 60 }), anyPolicy, (script, policy) => {
        const before = script.slice(0, script.findIndex((event) => event.kind === "proxyReady") === -1 ? script.length : script.findIndex((event) => event.kind === "proxyReady"));
        assert.deepEqual([...new Set(play(before, policy).steerings.map((line) => line.split(" ")[1]))].filter((to) => to !== "off"), []);
      }),
      { numRuns: 2000 },
    );
  });

  it("ends within three events once it is told to stop", () => {
    fc.assert(
      fc.property(fc.array(anyEvent, { maxLength: 60 }), anyPolicy, (script, policy) => {
        const { state } = play([...script, { kind: "stop" }, { kind: "drained" }, { kind: "proxyExited", settled: true }], policy);
        assert.equal(state.phase, "stopped");
      }),
      { numRuns: 2000 },
    );
  });
});
