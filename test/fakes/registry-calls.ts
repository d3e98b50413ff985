import { SystemFailure, systemErrors } from "../../src/platform/win32/system-failure.ts";
import type { RegistryCalls } from "../../src/platform/win32/registry.ts";
import type { Pointer } from "../../src/platform/win32/ffi.ts";

/** A value as the registry holds it. */
export interface StoredValue {
  readonly name: string;
  readonly type: number;
  readonly data: Buffer;
}

/** Windows' registry in memory, by its calls; handles are counted and calls are written down. */
export class FakeRegistryCalls {
  /** By path under HKEY_LOCAL_MACHINE. */
  readonly keys = new Map<string, StoredValue[]>();
  readonly made: string[] = [];
  readonly variables: Readonly<Record<string, string>> = { "%A%": "C:\\A" };
  /** Numbers that a call answers instead of doing anything. */
  readonly failing: Record<string, number> = {};
  readonly #open = new Map<bigint, string>();
  #last = 100n;

  /** Handles that were not given back. */
  get leaked(): number {
    return this.#open.size;
  }

  readonly calls: RegistryCalls = {
    open: (root, path, ...[options, access, opened]) => this.#do("open", [root, path, options, access], () => {
      if (!this.keys.has(path)) return systemErrors.fileNotFound;
      return this.#lend(path, opened);
    }),
    create: (root, path, ...[reserved, kind, options, access, security, opened]) => this.#do("create", [root, path, reserved, kind, options, access, security], () => {
      if (!this.keys.has(path)) this.keys.set(path, []);
      return this.#lend(path, opened);
    }),
    value: (key, index, ...[name, nameLength, , type, data, size]) => this.#do("value", [index], () => {
      const found = this.#valuesOf(key)[index];
      if (found === undefined) return systemErrors.noMoreItems;
      const room = size[0];
      size[0] = found.data.length;
      if (found.data.length > room) return systemErrors.moreData;
      nameLength[0] = name.write(found.name, "utf16le") / 2;
      type[0] = found.type;
      found.data.copy(data);
      return 0;
    }),
    setValue: (key, name, ...[reserved, type, data, size]) => this.#do("setValue", [name, reserved, type, size], () => {
      this.#valuesOf(key).push({ name, type, data: data.subarray(0, size) });
      return 0;
    }),
    deleteValue: (key, name) => this.#do("deleteValue", [name], () => {
      const values = this.#valuesOf(key);
      const index = values.findIndex((value) => value.name === name);
      if (index < 0) return systemErrors.fileNotFound;
      values.splice(index, 1);
      return 0;
    }),
    close: (key) => (this.#open.delete(key ?? 0n) ? 0 : systemErrors.invalidHandle),
    expand: (text, filled, size) => {
      const full = `${text.replaceAll(/%\w+%/gu, (name) => this.variables[name] ?? name)}\0`;
      if (full.length <= size) filled.write(full, "utf16le");
      return full.length;
    },
    describe: (call, number) => new SystemFailure(call, number, `error ${number}`),
  };

  #do(call: string, words: readonly unknown[], answer: () => number): number {
    this.made.push(`${call} ${words.map((word) => (typeof word === "bigint" || typeof word === "number" ? word.toString(16) : String(word))).join(" ")}`);
    return this.failing[call] ?? answer();
  }

  #lend(path: string, opened: [Pointer]): number {
    this.#last += 1n;
    this.#open.set(this.#last, path);
    opened[0] = this.#last;
    return 0;
  }

  #valuesOf(key: Pointer): StoredValue[] {
    return this.keys.get(this.#open.get(key ?? 0n) ?? "") ?? [];
  }
}
