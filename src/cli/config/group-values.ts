import { renderGroupValues } from "../../harness/registration/group-values.ts";
import { parseLastAnswer, type LastAnswer } from "../../harness/registration/last-answer.ts";
import { lastAnswerPath } from "../../harness/registration/keep-last-answers.ts";
import { isMeshError } from "../../model/errors.ts";
import type { Resolution } from "../../model/settings/resolve.ts";
import type { Texts } from "../../model/settings/sources.ts";
import type { Host } from "../../platform/host.ts";

/** The settings as this machine's harness has them: with what its group said at the last registration, where this account may read that. */
export async function readWithGroup(host: Host, settle: (group: Texts) => Resolution): Promise<Resolution> {
  const own = settle({});
  const text = (key: "registration" | "stateDir" | "workloadGroupName" | "workloadGroupNamespace"): string | undefined => own.resolved.get(key)?.text;
  if (text("registration") !== "dynamic") return own;
  const last = await readLast(host, text("stateDir") ?? "");
  const ours = last?.group.name === text("workloadGroupName") && last?.group.namespace === text("workloadGroupNamespace");
  return last !== undefined && ours ? settle(renderGroupValues(last.answer.proxy)) : own;
}

async function readLast(host: Host, stateDir: string): Promise<LastAnswer | undefined> {
  try {
    const text = await host.files.readText(lastAnswerPath(stateDir));
    return text === undefined ? undefined : parseLastAnswer(text);
  } catch (error) {
    // Its owner's alone: anybody else sees what the machine itself says.
    if (isMeshError(error, "FILE_FAILED")) return undefined;
    throw error;
  }
}
