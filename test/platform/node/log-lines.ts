import { join } from "node:path";
import { createFiles } from "../../../src/platform/node/files.ts";
import { LogReader } from "../../../src/cli/logs/read-files.ts";

/** The numbers of the lines `line N` in a folder's log, as its reader gives them. */
export async function readNumbers(folder: string): Promise<readonly number[]> {
  const reader = new LogReader(createFiles(() => Promise.resolve(undefined)), (name) => join(folder, name));
  const numbers: number[] = [];
  for await (const piece of reader.readOn()) {
    const [, number] = /line (\d+)(?:"\})?$/u.exec(piece.kind === "line" ? piece.line : "") ?? [];
    if (number !== undefined) numbers.push(Number(number));
  }
  return numbers;
}

/** The numbers from one up to another, without it. */
export function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_value, index) => from + index);
}
