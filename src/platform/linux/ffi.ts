import type koffi from "koffi";
import { loadKoffi } from "../node/koffi.ts";

// The only file of this platform that loads a library: declarations only, bound at their first use.
type Koffi = typeof koffi;

let loaded: { readonly koffi: Koffi; readonly libc: ReturnType<Koffi["load"]> } | undefined;

/** flock(2): 0, or -1 with errno. */
export function flock(fd: number, operation: number): number {
  return bind<(fd: number, operation: number) => number>("int flock(int fd, int operation)")(fd, operation);
}

/** getsockopt(2): 0, or -1 with errno; `length` goes in as the buffer's and comes out as what was written. */
export function getsockopt(fd: number, option: { readonly level: number; readonly name: number }, value: Buffer): number {
  const call = bind<(fd: number, level: number, name: number, value: Buffer, length: [number]) => number>(
    "int getsockopt(int fd, int level, int name, _Out_ uint8_t *value, _Inout_ uint32_t *length)",
  );
  return call(fd, option.level, option.name, value, [value.length]);
}

/** The error number of the last call of this thread. */
export function errno(): number {
  return load().koffi.errno();
}

const bound = new Map<string, unknown>();

function bind<T>(declaration: string): T {
  if (!bound.has(declaration)) bound.set(declaration, load().libc.func(declaration));
  return bound.get(declaration) as T;
}

function load(): NonNullable<typeof loaded> {
  if (loaded === undefined) {
    const library = loadKoffi();
    loaded = { koffi: library, libc: library.load("libc.so.6") };
  }
  return loaded;
}
