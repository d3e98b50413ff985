const mostBytes = 1024;

/** The first line of a text that others wrote, fit for a status, a log and a call: at most 1 KiB, without control or format characters. */
export function renderLine(text: string): string {
  const line = text.split(/[\n\r\u{85}\u{2028}\u{2029}]/u).map((part) => part.replaceAll(/[\p{Cc}\p{Cf}\p{Cs}]/gu, "").trim()).find((part) => part !== "") ?? "";
  const bytes = Buffer.from(line);
  if (bytes.length <= mostBytes) return line;
  // The cut may split a character.
  return bytes.subarray(0, mostBytes).toString("utf8").replace(/\u{FFFD}$/u, "");
}
