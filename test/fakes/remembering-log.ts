import type { Log, LogLevel } from "../../src/platform/host.ts";

/** A line as it was written, with the fields of its log. */
export interface Remembered {
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A log that remembers every line. */
export class RememberingLog implements Log {
  readonly lines: Remembered[];
  readonly #fields: Readonly<Record<string, unknown>>;

  constructor(lines: Remembered[] = [], fields: Readonly<Record<string, unknown>> = {}) {
    this.lines = lines;
    this.#fields = fields;
  }

  write(level: LogLevel, message: string, fields: Readonly<Record<string, unknown>> = {}): void {
    this.lines.push({ level, message, fields: { ...this.#fields, ...fields } });
  }

  child(fields: Readonly<Record<string, unknown>>): Log {
    return new RememberingLog(this.lines, { ...this.#fields, ...fields });
  }

  /** The messages alone. */
  get messages(): readonly string[] {
    return this.lines.map(({ message }) => message);
  }
}
