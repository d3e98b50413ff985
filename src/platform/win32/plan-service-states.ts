/** Where the service stands towards the service manager. */
export type ServicePhase = "starting" | "running" | "stopping" | "stopped";

/** What the service manager was told last. */
export interface ServiceSituation {
  readonly phase: ServicePhase;
  /** Signs of life in this phase: the service manager gives up on a start or a stop that shows none. */
  readonly checkpoint: number;
}

/** What happens to a service. */
export type ServiceEvent =
  /** The service manager calls; `detail` tells more of some controls. */
  | { readonly kind: "control"; readonly control: number; readonly detail: number }
  /** All that could fail at once has not. */
  | { readonly kind: "started" }
  /** Time passes, `tickEvery` at a time. */
  | { readonly kind: "tick" }
  /** The work is over; 0 for a good end, else a code of ours. */
  | { readonly kind: "ended"; readonly code: number };

/** SERVICE_STATUS, without the type, which never changes. */
export interface ServiceStatus {
  readonly state: number;
  readonly controls: number;
  readonly exit: number;
  readonly specificExit: number;
  readonly checkpoint: number;
  /** Milliseconds until the next sign of life. */
  readonly waitHint: number;
}

/** What an event leads to. */
export interface ServiceStep {
  readonly situation: ServiceSituation;
  /** To be told to the service manager. */
  readonly status?: ServiceStatus;
  /** What the handler returns for a control. */
  readonly answer: number;
  readonly effect?: "stop" | "resume";
}

/** The controls that are used, by their numbers. */
export const controls = { stop: 1, interrogate: 4, shutdown: 5, powerEvent: 13, preshutdown: 15 } as const;

/** Milliseconds between signs of life, and how long the service manager is told to wait for the next. */
export const tickEvery = 2000;
const waitHint = 10_000;

// A start that takes longer is one that waits for something: from then on it must be possible to stop it, which Windows
// allows in no pending state.
const mostStartTicks = 10;

const states = { stopped: 1, starting: 2, stopping: 3, running: 4 } as const;
const acceptStop = 0x1;
const acceptShutdown = 0x4;
const acceptPower = 0x40;
const acceptPreshutdown = 0x100;

/** What is accepted when: nothing that a pending state could not answer. */
const accepted: Readonly<Record<ServicePhase, number>> = {
  starting: 0,
  running: acceptStop | acceptShutdown | acceptPreshutdown | acceptPower,
  stopping: 0,
  stopped: 0,
};

const noError = 0;
const specificError = 1066;
const notImplemented = 120;
const resumeAutomatic = 0x12;

/** A service that has just been called. */
export const initialSituation: ServiceSituation = { phase: "starting", checkpoint: 0 };

/** What one event does to the service: the table of its states. Nothing here takes time, so that a handler returns at once. */
export function planServiceStep(before: ServiceSituation, event: ServiceEvent): ServiceStep {
  switch (event.kind) {
    case "control": return planControl(before, event);
    case "started": return before.phase === "starting" ? tell({ phase: "running", checkpoint: 0 }) : keep(before);
    case "tick": return planTick(before);
    case "ended": return planEnd(before, event.code);
  }
}

function planControl(before: ServiceSituation, { control, detail }: Extract<ServiceEvent, { kind: "control" }>): ServiceStep {
  switch (control) {
    case controls.interrogate: return tell(before);
    case controls.stop:
    case controls.shutdown:
    case controls.preshutdown: return planStop(before);
    case controls.powerEvent: return { ...keep(before), ...(detail === resumeAutomatic && { effect: "resume" as const }) };
    default: return { ...keep(before), answer: notImplemented };
  }
}

function planStop(before: ServiceSituation): ServiceStep {
  if (before.phase === "stopping" || before.phase === "stopped") return keep(before);
  return { ...tell({ phase: "stopping", checkpoint: 1 }), effect: "stop" };
}

function planTick({ phase, checkpoint }: ServiceSituation): ServiceStep {
  if (phase === "running" || phase === "stopped") return keep({ phase, checkpoint });
  if (phase === "starting" && checkpoint >= mostStartTicks) return tell({ phase: "running", checkpoint: 0 });
  return tell({ phase, checkpoint: checkpoint + 1 });
}

function planEnd(before: ServiceSituation, code: number): ServiceStep {
  if (before.phase === "stopped") return keep(before);
  const { situation, status, answer } = tell({ phase: "stopped", checkpoint: 0 });
  return { situation, answer, status: { ...status, ...(code === 0 ? {} : { exit: specificError, specificExit: code }) } };
}

function keep(situation: ServiceSituation): ServiceStep {
  return { situation, answer: noError };
}

function tell(situation: ServiceSituation): ServiceStep & { readonly status: ServiceStatus } {
  const { phase, checkpoint } = situation;
  const pending = phase === "starting" || phase === "stopping";
  return {
    situation, answer: noError,
    status: { state: states[phase], controls: accepted[phase], exit: 0, specificExit: 0, checkpoint, waitHint: pending ? waitHint : 0 },
  };
}
