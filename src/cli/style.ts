/** Red, when colours are wanted. */
export function red(text: string, colour: boolean): string {
  return colour ? `\u001b[31m${text}\u001b[39m` : text;
}

/** True when text for this place may be coloured: a terminal, and nobody asked otherwise (no-color.org). */
export function isColoured(environment: Readonly<Record<string, string | undefined>>, isTerminal: boolean): boolean {
  const asked = environment["NO_COLOR"];
  return isTerminal && (asked === undefined || asked === "") && environment["TERM"] !== "dumb";
}
