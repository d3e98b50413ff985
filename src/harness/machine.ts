import type { Registered } from "../registration/registration.ts";

/** Where the harness stands; the order is that of a start and a stop. */
export type Phase =
  | "waitIdentity"
  | "registering"
  | "waitRegistration"
  | "startingProxy"
  | "waitProxyReady"
  | "enableRedirect"
  | "serving"
  | "withheld"
  | "restarting"
  | "backoff"
  | "draining"
  | "stopping"
  | "stopped";

/** What captured traffic meets: the proxy, a refusal, or nothing because nothing is captured. */
export type Steering = "redirect" | "refuse" | "off";

/** An identity as far as decisions need it. */
export interface IdentityFacts {
  readonly id: string;
  /** Of the trust anchors; another one means that the proxy must be started anew. */
  readonly anchors: string;
}

/** Everything the decisions rest on. */
export interface State {
  readonly phase: Phase;
  readonly identity: IdentityFacts | undefined;
  readonly registered: Registered | undefined;
  /** Starts of the proxy that failed in a row, and registrations that failed in a row. */
  readonly failures: number;
  /** What the operator asked for with `redirect on | off`. */
  readonly operator: "on" | "off";
  /** True while the proxy's control plane answers. */
  readonly controlPlane: boolean;
  /** Captured traffic is refused until the proxy is back: a planned restart lets no plaintext out. */
  readonly hold: boolean;
  /** What a restart leads to: the same workload again, or a new registration. */
  readonly next: "start" | "register";
}

/** What the machine is told from the settings. */
export interface Policy {
  readonly onProxyFailure: "open" | "closed";
}

/** What happened. */
export type Event =
  | { readonly kind: "identity"; readonly identity: IdentityFacts }
  | { readonly kind: "registered"; readonly registered: Registered }
  | { readonly kind: "registrationFailed" }
  | { readonly kind: "proxyReady" }
  | { readonly kind: "proxyUnready" }
  /** `settled` when it had lived long enough not to count as another crash in a row. */
  | { readonly kind: "proxyExited"; readonly settled: boolean }
  | { readonly kind: "steered"; readonly to: Steering }
  | { readonly kind: "controlPlane"; readonly reachable: boolean }
  | { readonly kind: "operator"; readonly want: "on" | "off" }
  | { readonly kind: "retry" }
  | { readonly kind: "stop" }
  | { readonly kind: "drained" };

/** What is to be done; the runtime does it and reports by events. */
export type Effect =
  | { readonly kind: "register" }
  | { readonly kind: "startProxy" }
  | { readonly kind: "stopProxy" }
  | { readonly kind: "steer"; readonly to: Steering }
  | { readonly kind: "drain" }
  | { readonly kind: "retryLater"; readonly failures: number };

/** A decision: the state that follows and what is to be done. */
export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}

/** Where every harness begins. */
export const initialState: State = {
  phase: "waitIdentity", identity: undefined, registered: undefined, failures: 0, operator: "on", controlPlane: true, hold: false, next: "start",
};

/** Decides what follows from an event. Pure; every pair of phase and event has an answer, if only "nothing". */
export function step(state: State, event: Event, policy: Policy): Step {
  if (event.kind === "stop") return onStop(state);
  if (isEnding(state.phase)) return onEnding(state, event);
  switch (event.kind) {
    case "identity": return onIdentity(state, event.identity);
    case "registered": return onRegistered(state, event.registered);
    case "registrationFailed": return state.phase === "registering" ? retry(state, "waitRegistration", []) : stay(state);
    case "proxyReady": return onProxyReady(state, policy);
    case "proxyUnready": return onProxyUnready(state, policy);
    case "proxyExited": return onProxyExited(event.settled ? { ...state, failures: 0 } : state, policy);
    case "steered": return onSteered(state, event.to, policy);
    case "controlPlane": return onControlPlane({ ...state, controlPlane: event.reachable }, policy);
    case "operator": return steerAnew({ ...state, operator: event.want }, policy);
    case "retry": return onRetry(state);
    case "drained": return stay(state);
  }
}

/** What captured traffic shall meet in a state. */
export function planSteering(state: State, policy: Policy): Steering {
  if (state.operator === "off") return "off";
  switch (state.phase) {
    case "enableRedirect":
    case "serving":
    case "draining":
      return "redirect";
    case "withheld":
    case "backoff":
      return policy.onProxyFailure === "closed" ? "refuse" : "off";
    case "stopping":
    case "stopped":
      return "off";
    default:
      return state.hold ? "refuse" : "off";
  }
}

function isEnding(phase: Phase): boolean {
  return phase === "draining" || phase === "stopping" || phase === "stopped";
}

function hasProxy(phase: Phase): boolean {
  return phase === "startingProxy" || phase === "waitProxyReady" || isSteered(phase);
}

function isSteered(phase: Phase): boolean {
  return phase === "enableRedirect" || phase === "serving" || phase === "withheld";
}

function onIdentity(state: State, identity: IdentityFacts): Step {
  const before = state.identity;
  const next = { ...state, identity };
  if (state.phase === "waitIdentity") return { state: { ...next, phase: "registering" }, effects: [{ kind: "register" }] };
  if (before?.id !== identity.id) return onOtherIdentity(next);
  if (before.anchors === identity.anchors || !hasProxy(state.phase)) return stay(next);
  return restart({ ...next, next: "start" });
}

/** Another SPIFFE id is another workload: it registers anew, and its proxy gets another configuration. */
function onOtherIdentity(state: State): Step {
  if (hasProxy(state.phase)) return restart({ ...state, next: "register" });
  if (state.phase === "restarting") return stay({ ...state, next: "register" });
  return { state: { ...state, phase: "registering", failures: 0 }, effects: [{ kind: "register" }] };
}

function restart(state: State): Step {
  // Only traffic that is captured now is held: before the first readiness nothing was.
  const hold = isSteered(state.phase) && state.operator === "on";
  const effects: Effect[] = hold ? [{ kind: "steer", to: "refuse" }, { kind: "stopProxy" }] : [{ kind: "stopProxy" }];
  return { state: { ...state, phase: "restarting", hold }, effects };
}

function onRegistered(state: State, registered: Registered): Step {
  if (state.phase !== "registering") return stay(state);
  return { state: { ...state, phase: "startingProxy", registered, failures: 0 }, effects: [{ kind: "startProxy" }] };
}

function onProxyReady(state: State, policy: Policy): Step {
  if (state.phase !== "startingProxy" && state.phase !== "waitProxyReady") return stay(state);
  return enter(state.controlPlane ? { ...state, phase: "enableRedirect" } : { ...state, phase: "withheld", hold: false }, policy);
}

/** A report of an earlier order may come late: only what was asked for last counts. */
function onSteered(state: State, to: Steering, policy: Policy): Step {
  if (state.phase !== "enableRedirect" || to !== planSteering(state, policy)) return stay(state);
  return stay({ ...state, phase: "serving", hold: false });
}

/** The proxy lives but would not serve (its certificate has expired, somebody else has its port): captured traffic would end nowhere. */
function onProxyUnready(state: State, policy: Policy): Step {
  if (state.phase === "startingProxy") return stay({ ...state, phase: "waitProxyReady" });
  if (!isSteered(state.phase)) return stay(state);
  return { state: { ...state, phase: "waitProxyReady", hold: policy.onProxyFailure === "closed" }, effects: [{ kind: "steer", to: planFailure(state, policy) }] };
}

function onProxyExited(state: State, policy: Policy): Step {
  if (state.phase === "restarting") {
    const effect: Effect = state.next === "register" ? { kind: "register" } : { kind: "startProxy" };
    return { state: { ...state, phase: state.next === "register" ? "registering" : "startingProxy", next: "start" }, effects: [effect] };
  }
  if (!hasProxy(state.phase)) return stay(state);
  const steered = isSteered(state.phase) || state.hold;
  // What was held for a planned restart is not held for a proxy that fails: ON_PROXY_FAILURE decides then.
  return retry({ ...state, hold: false }, "backoff", steered ? [{ kind: "steer", to: planFailure(state, policy) }] : []);
}

function planFailure(state: State, policy: Policy): Steering {
  if (state.operator === "off") return "off";
  return policy.onProxyFailure === "closed" ? "refuse" : "off";
}

function onControlPlane(state: State, policy: Policy): Step {
  if (isSteered(state.phase) && state.phase !== "withheld" && !state.controlPlane) return enter({ ...state, phase: "withheld" }, policy);
  if (state.phase === "withheld" && state.controlPlane) return enter({ ...state, phase: "enableRedirect" }, policy);
  return stay(state);
}

function steerAnew(state: State, policy: Policy): Step {
  const phase = state.phase === "serving" && state.operator === "on" ? "enableRedirect" : state.phase;
  return enter({ ...state, phase }, policy);
}

function onRetry(state: State): Step {
  if (state.phase === "backoff") return { state: { ...state, phase: "startingProxy" }, effects: [{ kind: "startProxy" }] };
  if (state.phase === "waitRegistration") return { state: { ...state, phase: "registering" }, effects: [{ kind: "register" }] };
  return stay(state);
}

function onStop(state: State): Step {
  if (isEnding(state.phase)) return stay(state);
  if (isSteered(state.phase)) return { state: { ...state, phase: "draining" }, effects: [{ kind: "drain" }] };
  return end(state);
}

function onEnding(state: State, event: Event): Step {
  if (state.phase === "draining" && (event.kind === "drained" || event.kind === "proxyExited")) return end(state);
  if (state.phase === "stopping" && event.kind === "proxyExited") return stay({ ...state, phase: "stopped" });
  return stay(state);
}

/** New connections pass by the proxy from here on, so that none ends in one that goes away. */
function end(state: State): Step {
  return { state: { ...state, phase: "stopping", hold: false }, effects: [{ kind: "steer", to: "off" }, { kind: "stopProxy" }] };
}

function enter(state: State, policy: Policy): Step {
  return { state, effects: [{ kind: "steer", to: planSteering(state, policy) }] };
}

function retry(state: State, phase: Phase, effects: readonly Effect[]): Step {
  const failures = state.failures + 1;
  return { state: { ...state, phase, failures }, effects: [...effects, { kind: "retryLater", failures }] };
}

function stay(state: State): Step {
  return { state, effects: [] };
}
