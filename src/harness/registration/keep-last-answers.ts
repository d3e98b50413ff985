import { isMeshError } from "../../model/errors.ts";
import type { Host } from "../../platform/host.ts";
import type { LastAnswers } from "./dynamic.ts";
import { parseLastAnswer, renderLastAnswer } from "./last-answer.ts";

/** The file of the last answer. */
export function lastAnswerPath(stateDir: string): string {
  return `${stateDir}/registration.json`;
}

/** Keeps the last answer of the registration service in the state folder, readable by its owner only. */
export function keepLastAnswers({ files, log }: Pick<Host, "files" | "log">, stateDir: string): LastAnswers {
  const path = lastAnswerPath(stateDir);
  // Without it this machine only starts less well next time: no reason to stop now.
  const orTell = async <T>(work: Promise<T>): Promise<T | undefined> => {
    try {
      return await work;
    } catch (error) {
      if (!isMeshError(error)) throw error;
      log.write("warn", error.message, { code: error.code, remedy: error.remedy });
      return undefined;
    }
  };
  return {
    read: async () => {
      const text = await orTell(files.readText(path));
      return text === undefined ? undefined : parseLastAnswer(text);
    },
    write: async (last) => orTell(files.writeAtomic(path, renderLastAnswer(last), { mode: 0o600 })),
    remove: async () => orTell(files.remove(path)),
  };
}
