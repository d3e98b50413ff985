/** A result with its text: text needs what the object does not hold, as what time it is. */
export interface Printed {
  readonly text: () => string;
  toJSON(): unknown;
}

/** The object for scripts, and the text for people. */
export function printed(object: unknown, text: () => string): Printed {
  return { text, toJSON: () => object };
}

/** The text of a result, as a command's `render`. */
export function renderPrinted({ text }: Printed): string {
  return text();
}
