import { kernel, serviceManager, type Pointer } from "./ffi.ts";
import { readFailure } from "./system-failure.ts";

/** Something that the system lent us, given back by disposal. */
export interface Handle extends Disposable {
  readonly pointer: bigint;
}

const invalid = 0xffff_ffff_ffff_ffffn;

/** A handle of the kernel; throws the failure of the call that gave none. */
export function takeHandle(call: string, pointer: Pointer): Handle {
  return take(call, pointer, (open) => kernel.close(open));
}

/** A handle of the service manager; throws the failure of the call that gave none. */
export function takeServiceHandle(call: string, pointer: Pointer): Handle {
  return take(call, pointer, (open) => serviceManager.close(open));
}

/** Memory that the system allocated for us. */
export function takeMemory(call: string, pointer: Pointer): Handle {
  return take(call, pointer, (open) => kernel.localFree(open));
}

function take(call: string, pointer: Pointer, close: (pointer: bigint) => unknown): Handle {
  if (pointer === null || pointer === invalid) throw readFailure(call);
  return { pointer, [Symbol.dispose]: () => void close(pointer) };
}
