/** A term and what it means, one of many under the other. */
export interface Row {
  readonly term: string;
  readonly text: string;
}

/** Width that help keeps to, whatever the terminal's: files and pipes have none. */
export const helpWidth = 100;

/** Rows in two columns; a text that is too long goes on under itself. */
export function renderColumns(rows: readonly Row[], width = helpWidth): string {
  const widest = Math.min(34, Math.max(0, ...rows.map(({ term }) => term.length)));
  return rows.map((row) => renderRow(row, widest, width)).join("\n");
}

/** Breaks a text into lines of at most `width` characters, between words. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (longer.length > width && line !== "") {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}

function renderRow({ term, text }: Row, widest: number, width: number): string {
  const indent = " ".repeat(widest + 4);
  const lines = wrap(text, Math.max(20, width - indent.length));
  if (term.length > widest) return [`  ${term}`, ...lines.map((line) => `${indent}${line}`)].join("\n");
  return lines.map((line, index) => (index === 0 ? `  ${term.padEnd(widest)}  ${line}` : `${indent}${line}`)).join("\n").trimEnd();
}
