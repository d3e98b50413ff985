import koffi from "koffi";

// The only file of this platform that loads a library; declarations only.
const libc = koffi.load("libc.so.6");

/** flock(2): 0, or -1 with errno. */
export const flock = libc.func("int flock(int fd, int operation)") as (fd: number, operation: number) => number;

/** The error number of the last call of this thread. */
export function errno(): number {
  return koffi.errno();
}
