/** A table that grows by rows: a column keeps the width of the widest cell so far. */
export class Table {
  readonly #widths: number[];

  constructor(header: readonly string[]) {
    this.#widths = header.map((cell) => cell.length);
  }

  /** Makes the columns as wide as these rows need. */
  widen(rows: readonly (readonly string[])[]): void {
    for (const row of rows) {
      for (const [index, cell] of row.entries()) this.#widths[index] = Math.max(this.#widths[index] ?? 0, renderCell(cell).length);
    }
  }

  /** One row as a line. */
  line(row: readonly string[]): string {
    this.widen([row]);
    return row.map((cell, index) => renderCell(cell).padEnd(this.#widths[index] ?? 0)).join(gap).trimEnd();
  }
}

/** A text on one line: what came from elsewhere must not steer the terminal. */
export function renderCell(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ");
}

/** A whole table, its header first. */
export function renderTable(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const table = new Table(header);
  table.widen(rows);
  return [header, ...rows].map((row) => table.line(row)).join("\n");
}

/** Names and what they mean, one a line; a text of several lines goes on under itself, an empty one is left out. */
export function renderFacts(facts: readonly (readonly [string, string])[]): string {
  const shown = facts.filter(([, text]) => text !== "");
  const width = Math.max(0, ...shown.map(([name]) => name.length)) + 1;
  return shown.map(([name, text]) => `${`${name}:`.padEnd(width)}${gap}${text.split("\n").map(renderCell).join(`\n${" ".repeat(width)}${gap}`)}`).join("\n");
}

const gap = "   ";
