import type { Departure } from "../registration/registration.ts";

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
  | "deregistering"
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

/** A registration as far as decisions need it. */
export interface RegisteredFacts {
  /** Of all that it tells the proxy; another one means that the proxy must be started anew. */
  readonly configuration: string;
}

/** Everything the decisions rest on. */
export interface State {
  readonly phase: Phase;
  readonly identity: IdentityFacts | undefined;
  readonly registered: RegisteredFacts | undefined;
  /** Starts of the proxy that failed in a row. */
  readonly failures: number;
  /** What the operator asked for with `redirect on | off`. */
  readonly operator: "on" | "off";
  /** True while the proxy's control plane answers. */
  readonly controlPlane: boolean;
  /** Traffic was captured once: from then on ON_PROXY_FAILURE decides what it meets while the proxy cannot take it. */
  readonly captured: boolean;
  /** A planned restart is under way: captured traffic is refused until the proxy is back, so that no plaintext gets out. */
  readonly hold: boolean;
  /** What a restart leads to: the same workload again, or a new registration. */
  readonly next: "start" | "register";
  /** The machine leaves for good. */
  readonly departure: Departure;
}

/** What the machine is told from the settings. */
export interface Policy {
  readonly onProxyFailure: "open" | "closed";
}

/** What happened. */
export type Event =
  | { readonly kind: "identity"; readonly identity: IdentityFacts }
  | { readonly kind: "registered"; readonly registered: RegisteredFacts }
  /** Not registered, and why is told elsewhere; whoever registers tries again by itself. */
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
  /** As a stop, for good. */
  | { readonly kind: "leave" }
  | { readonly kind: "drained" };

/** What is to be done; the runtime does it and reports by events. */
export type Effect =
  | { readonly kind: "register" }
  | { readonly kind: "startProxy" }
  | { readonly kind: "stopProxy" }
  | { readonly kind: "steer"; readonly to: Steering }
  /** `served` until now: then peers need time to notice. */
  | { readonly kind: "drain"; readonly departure: Departure; readonly served: boolean }
  | { readonly kind: "retryLater"; readonly failures: number };

/** A decision: the state that follows and what is to be done. */
export interface Step {
  readonly state: State;
  readonly effects: readonly Effect[];
}

/** Where every harness begins. */
export const initialState: State = {
  phase: "waitIdentity", identity: undefined, registered: undefined, failures: 0, operator: "on", controlPlane: true, captured: false, hold: false, next: "start",
  departure: "drain",
};

/** Decides what follows from an event. Pure; every pair of phase and event has an answer, if only "nothing". */
export function step(before: State, event: Event, policy: Policy): Step {
  const { state, effects } = decide(before, event);
  const [was, to] = [planSteering(before, policy), planSteering(state, policy)];
  // Traffic changes its way before anything else happens: a proxy about to end must not get new connections.
  return { state, effects: was === to ? effects : [{ kind: "steer", to }, ...effects] };
}

/** What captured traffic shall meet in a state. */
export function planSteering({ phase, operator, hold, captured }: State, { onProxyFailure }: Policy): Steering {
  if (operator === "off" || phase === "stopping" || phase === "stopped") return "off";
  if (phase === "enableRedirect" || phase === "serving" || phase === "draining") return "redirect";
  return hold || (captured && onProxyFailure === "closed") ? "refuse" : "off";
}

function decide(state: State, event: Event): Step {
  if (event.kind === "stop") return onStop(state);
  if (event.kind === "leave") return isEnding(state.phase) ? stay(state) : onStop({ ...state, departure: "delete" });
  if (isEnding(state.phase)) return onEnding(state, event);
  switch (event.kind) {
    case "identity": return onIdentity(state, event.identity);
    case "registered": return onRegistered(state, event.registered);
    case "registrationFailed": return stay(state.phase === "registering" ? { ...state, phase: "waitRegistration" } : state);
    case "proxyReady": return onProxyReady(state);
    case "proxyUnready": return onProxyUnready(state);
    case "proxyExited": return onProxyExited(event.settled ? { ...state, failures: 0 } : state);
    case "steered": return onSteered(state, event.to);
    case "controlPlane": return onControlPlane({ ...state, controlPlane: event.reachable });
    case "operator": return stay({ ...state, operator: event.want });
    case "retry": return onRetry(state);
    case "drained": return stay(state);
  }
}

function isEnding(phase: Phase): boolean {
  return phase === "draining" || phase === "deregistering" || phase === "stopping" || phase === "stopped";
}

function onIdentity(state: State, identity: IdentityFacts): Step {
  const before = state.identity;
  const next = { ...state, identity };
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

function hasProxy(phase: Phase): boolean {
  return phase === "startingProxy" || phase === "waitProxyReady" || isServed(phase);
}

function isServed(phase: Phase): boolean {
  return phase === "enableRedirect" || phase === "serving" || phase === "withheld";
}

function restart(state: State): Step {
  return { state: { ...state, phase: "restarting", hold: state.captured }, effects: [{ kind: "stopProxy" }] };
}

/** Also while the machine serves: its group may tell the proxy something else than before. */
function onRegistered(state: State, registered: RegisteredFacts): Step {
  const next = { ...state, registered };
  if (state.phase === "registering" || state.phase === "waitRegistration") return { state: { ...next, phase: "startingProxy", failures: 0 }, effects: [{ kind: "startProxy" }] };
  const same = state.registered?.configuration === registered.configuration;
  return same || !hasProxy(state.phase) ? stay(next) : restart({ ...next, next: "start" });
}

function onProxyReady(state: State): Step {
  if (state.phase !== "startingProxy" && state.phase !== "waitProxyReady") return stay(state);
  return stay(state.controlPlane ? { ...state, phase: "enableRedirect" } : { ...state, phase: "withheld", hold: false });
}

/** A report of an earlier order may come late: only what is wanted now counts. */
function onSteered(state: State, to: Steering): Step {
  if (state.phase !== "enableRedirect" || to !== "redirect" || state.operator === "off") return stay(state);
  return stay({ ...state, phase: "serving", captured: true, hold: false });
}

/** The proxy lives but would not serve (its certificate has ended, somebody else has its port): captured traffic would end nowhere. */
function onProxyUnready(state: State): Step {
  return stay(state.phase === "startingProxy" || isServed(state.phase) ? { ...state, phase: "waitProxyReady" } : state);
}

function onProxyExited(state: State): Step {
  if (state.phase === "restarting") {
    if (state.next === "start") return { state: { ...state, phase: "startingProxy" }, effects: [{ kind: "startProxy" }] };
    return { state: { ...state, phase: "registering", next: "start" }, effects: [{ kind: "register" }] };
  }
  // What is held for a planned restart is not held for a proxy that fails: ON_PROXY_FAILURE decides then.
  return hasProxy(state.phase) ? backOff({ ...state, hold: false }) : stay(state);
}

function onControlPlane(state: State): Step {
  if (state.controlPlane) return stay(state.phase === "withheld" ? { ...state, phase: "enableRedirect" } : state);
  return stay(state.phase === "enableRedirect" || state.phase === "serving" ? { ...state, phase: "withheld", hold: false } : state);
}

function onRetry(state: State): Step {
  return state.phase === "backoff" ? { state: { ...state, phase: "startingProxy" }, effects: [{ kind: "startProxy" }] } : stay(state);
}

function onStop(state: State): Step {
  if (isEnding(state.phase)) return stay(state);
  const { departure } = state;
  if (state.phase === "serving") return { state: { ...state, phase: "draining" }, effects: [{ kind: "drain", departure, served: true }] };
  // Peers send nothing to a machine that is not ready; whoever registered it shall know all the same.
  if (state.registered !== undefined || departure === "delete") return { state: { ...state, phase: "deregistering" }, effects: [{ kind: "drain", departure, served: false }] };
  return end(state);
}

function onEnding(state: State, event: Event): Step {
  if (state.phase === "draining" && (event.kind === "drained" || event.kind === "proxyExited")) return end(state);
  if (state.phase === "deregistering" && event.kind === "drained") return end(state);
  if (state.phase === "stopping" && event.kind === "proxyExited") return stay({ ...state, phase: "stopped" });
  return stay(state);
}

function end(state: State): Step {
  return { state: { ...state, phase: "stopping" }, effects: [{ kind: "stopProxy" }] };
}

function backOff(state: State): Step {
  const failures = state.failures + 1;
  return { state: { ...state, phase: "backoff", failures }, effects: [{ kind: "retryLater", failures }] };
}

function stay(state: State): Step {
  return { state, effects: [] };
}
