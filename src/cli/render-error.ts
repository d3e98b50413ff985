import type { MeshError } from "../model/errors.ts";
import { red } from "./style.ts";

/** An error for people: what happened, its code, what was being done, what to do next. */
export function renderError(error: MeshError, colour = false): string {
  return [
    `${red("error:", colour)} ${sentence(error.what)}`,
    `  code   ${error.code}`,
    `  while  ${error.doing}`,
    `  next   ${error.remedy}`,
  ].join("\n");
}

function sentence(text: string): string {
  return /[.!?]$/u.test(text) ? text : `${text}.`;
}
