import type { Duration } from "./generated/google/protobuf/duration.ts";
import type { Timestamp } from "./generated/google/protobuf/timestamp.ts";
import { Health_State, type Health, type Incarnation } from "./generated/registration.ts";

/** How a machine is, said whole each time. */
export interface MachineHealth {
  readonly state: "NotReady" | "Ready" | "Draining";
  /** Strictly increasing within an incarnation. */
  readonly seq: number;
  /** CamelCase, as a condition of Kubernetes demands. */
  readonly reason: string;
  readonly message: string;
  readonly lastProbe?: Date | undefined;
  readonly lastTransition?: Date | undefined;
  readonly proxyReady: boolean;
  readonly identityReady: boolean;
  readonly redirectReady: boolean;
  readonly applicationReady: boolean;
  readonly svidExpires?: Date | undefined;
}

/** One life of a harness process; epochs order the lives of one instance. */
export interface MachineIncarnation {
  readonly instanceId: string;
  readonly incarnationId: string;
  readonly startedAt: Date;
  readonly epoch: number;
}

// Bounds of google.protobuf: about ten thousand years of duration, the years 1 to 9999 of time.
const mostSeconds = 315_576_000_000;
const firstSecond = -62_135_596_800;
const lastSecond = 253_402_300_799;

/** Milliseconds as protobuf writes them: both parts have the sign of the whole. */
export function encodeDuration(milliseconds: number): Duration {
  const whole = Math.round(milliseconds);
  const seconds = Math.trunc(whole / 1000);
  // `+ 0` keeps a negative zero off the wire's plain values.
  return { seconds: BigInt(seconds), nanos: (whole - seconds * 1000) * 1_000_000 + 0 };
}

/** Milliseconds; undefined for none or for one that protobuf does not allow. */
export function decodeDuration(duration: Duration | undefined): number | undefined {
  if (duration === undefined) return undefined;
  const seconds = Number(duration.seconds);
  const { nanos } = duration;
  if (Math.abs(seconds) > mostSeconds || Math.abs(nanos) > 999_999_999 || seconds * nanos < 0) return undefined;
  return seconds * 1000 + Math.trunc(nanos / 1_000_000);
}

/** A time as protobuf writes it; nanos count forward also before 1970. */
export function encodeTimestamp(time: Date): Timestamp {
  const seconds = Math.floor(time.getTime() / 1000);
  return { seconds: BigInt(seconds), nanos: (time.getTime() - seconds * 1000) * 1_000_000 };
}

/** The time; undefined for none or for one that protobuf does not allow. */
export function decodeTimestamp(timestamp: Timestamp | undefined): Date | undefined {
  if (timestamp === undefined) return undefined;
  const seconds = Number(timestamp.seconds);
  const { nanos } = timestamp;
  if (seconds < firstSecond || seconds > lastSecond || nanos < 0 || nanos > 999_999_999) return undefined;
  return new Date(seconds * 1000 + Math.trunc(nanos / 1_000_000));
}

const stateNumbers = { NotReady: Health_State.NOT_READY, Ready: Health_State.READY, Draining: Health_State.DRAINING } as const;

/** Health as the wire carries it. */
export function encodeHealth(health: MachineHealth): Health {
  return {
    state: stateNumbers[health.state],
    seq: BigInt(health.seq),
    reason: health.reason,
    message: health.message.toWellFormed(),
    lastProbe: health.lastProbe && encodeTimestamp(health.lastProbe),
    lastTransition: health.lastTransition && encodeTimestamp(health.lastTransition),
    proxyReady: health.proxyReady,
    identityReady: health.identityReady,
    redirectReady: health.redirectReady,
    appReady: health.applicationReady,
    svidExpires: health.svidExpires && encodeTimestamp(health.svidExpires),
  };
}

/** A state as plain value; one that only a newer machine knows is not ready. */
export function decodeState(state: Health_State): MachineHealth["state"] {
  if (state === Health_State.READY) return "Ready";
  return state === Health_State.DRAINING ? "Draining" : "NotReady";
}

/** Health as plain values; undefined when its number is beyond what a number holds. */
export function decodeHealth(health: Health): MachineHealth | undefined {
  const seq = Number(health.seq);
  if (!Number.isSafeInteger(seq) || seq < 0) return undefined;
  return {
    state: decodeState(health.state),
    seq,
    reason: health.reason,
    message: health.message,
    lastProbe: decodeTimestamp(health.lastProbe),
    lastTransition: decodeTimestamp(health.lastTransition),
    proxyReady: health.proxyReady,
    identityReady: health.identityReady,
    redirectReady: health.redirectReady,
    applicationReady: health.appReady,
    svidExpires: decodeTimestamp(health.svidExpires),
  };
}

/** An incarnation as the wire carries it. */
export function encodeIncarnation({ instanceId, incarnationId, startedAt, epoch }: MachineIncarnation): Incarnation {
  return { instanceId, incarnationId, startedAt: encodeTimestamp(startedAt), epoch: BigInt(epoch) };
}
