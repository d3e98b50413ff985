import { accept, refuse, type Kind } from "../kind.ts";

/** One of fixed words; capital letters make no difference. */
export function choice<const Words extends readonly string[]>(...words: Words): Kind<Words[number]> {
  return {
    name: "choice",
    form: `one of ${words.join(", ")}`,
    choices: words,
    parse: (text) => {
      const word = words.find((known) => known === text.trim().toLowerCase());
      return word === undefined ? refuse(`it is none of ${words.join(", ")}`) : accept(word);
    },
    format: (word) => word,
  };
}

/** How much a log tells. */
export const level: Kind<"trace" | "debug" | "info" | "warn" | "error"> = {
  ...choice("trace", "debug", "info", "warn", "error"),
  name: "level",
};

const truths = new Map([["true", true], ["yes", true], ["on", true], ["1", true], ["false", false], ["no", false], ["off", false], ["0", false]]);

/** True or false. */
export const boolean: Kind<boolean> = {
  name: "boolean",
  form: "true or false",
  choices: ["true", "false"],
  parse: (text) => {
    const value = truths.get(text.trim().toLowerCase());
    return value === undefined ? refuse("it is neither true nor false") : accept(value);
  },
  format: String,
};

/** Any single line of text. */
export const text: Kind<string> = {
  name: "text",
  form: "a line of text",
  parse: (given) => {
    const trimmed = given.trim();
    if (trimmed === "") return refuse("it is empty");
    return /\p{Cc}/u.test(trimmed) ? refuse("it contains a line end or another control character") : accept(trimmed);
  },
  format: (value) => value,
};

/** The name of a Linux account that is not the superuser. */
export const user: Kind<string> = {
  name: "user",
  form: "an account name or uid, not root",
  parse: (given) => {
    const name = given.trim();
    if (name === "root" || /^0+$/.test(name)) return refuse("root is exempt from the redirect, so every root process would lose its mesh");
    if (/^[0-9]+$/.test(name)) return parseUid(name);
    return /^[a-z_][a-z0-9_-]{0,30}\$?$/.test(name) ? accept(name) : refuse("it is no account name (small letters, digits, - and _, at most 32)");
  },
  format: (name) => name,
};

/** The largest uid that means an account; the one above means "no change" to the kernel. */
const maxUid = 4_294_967_294;

function parseUid(digits: string): ReturnType<typeof user.parse> {
  const uid = Number(digits);
  return uid <= maxUid ? accept(String(uid)) : refuse(`a uid is at most ${maxUid}`);
}
