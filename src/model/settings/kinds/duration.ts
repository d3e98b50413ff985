import { accept, refuse, type Kind } from "../kind.ts";

/** Largest first; the formatter takes the first unit that divides. */
const units = [["h", 3_600_000], ["m", 60_000], ["s", 1000], ["ms", 1]] as const;
const longest = 24 * 3_600_000;

/** A length of time, in milliseconds. */
export const duration: Kind<number> = {
  name: "duration",
  form: "a number with its unit: 500ms, 20s, 1m30s, 2h",
  parse: (text) => {
    const parts = /^(?:(\d{1,9})h)?(?:(\d{1,9})m(?!s))?(?:(\d{1,9})s)?(?:(\d{1,9})ms)?$/.exec(text.trim());
    if (parts === null || parts[0] === "") return refuse("it is not a number with a unit (ms, s, m, h)");
    const milliseconds = units.reduce((sum, [, size], index) => sum + Number(parts[index + 1] ?? 0) * size, 0);
    return milliseconds <= longest ? accept(milliseconds) : refuse("it is longer than 24h");
  },
  format: (milliseconds) => {
    const [unit, size] = units.find(([, candidate]) => milliseconds % candidate === 0 && milliseconds >= candidate) ?? ["s", 1000];
    return `${milliseconds / size}${unit}`;
  },
};
