import { kernel } from "./ffi.ts";
import { takeHandle, type Handle } from "./handle.ts";
import { readFailure } from "./system-failure.ts";

let own: Handle | undefined;

/**
 * Puts this process into a job that ends with it: whatever it starts from now on dies when it does, however it does. Not a job
 * for each child: one that is assigned after the start leaves a moment in which we may die alone. The handle stays open for
 * the life of this process, for closing it would end us too.
 */
export function joinOwnJob(): void {
  own ??= openOwnJob();
}

function openOwnJob(): Handle {
  const job = takeHandle("CreateJobObjectW", kernel.createJob(null, null));
  const limits = encodeKillOnClose();
  if (!kernel.setJobInformation(job.pointer, extendedLimits, limits, limits.length)) throw readFailure("SetInformationJobObject");
  if (!kernel.assignToJob(job.pointer, kernel.currentProcess())) throw readFailure("AssignProcessToJobObject");
  return job;
}

const extendedLimits = 9;
const killOnClose = 0x2000;

/** JOBOBJECT_EXTENDED_LIMIT_INFORMATION with the one limit that its last handle's end is the end of all in it. */
export function encodeKillOnClose(): Buffer {
  const bytes = Buffer.alloc(144);
  bytes.writeUInt32LE(killOnClose, 16);
  return bytes;
}
