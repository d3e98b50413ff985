// Runs inside Wine: makes the source of events, writes two, and takes the source away. Prints one line of JSON.
import { execFileSync } from "node:child_process";
import { createWindowsHost } from "../../../src/platform/win32/host.ts";
import { makeEventSource, removeEventSource, writeEvent } from "../../../src/platform/win32/event-log.ts";
import { RememberingLog } from "../../fakes/remembering-log.ts";

const log = new RememberingLog();
const host = createWindowsHost({ log, environment: process.env, self: { file: process.execPath, args: [] } });
const query = (): string => {
  try {
    return execFileSync("reg.exe", ["query", "HKLM\\SYSTEM\\CurrentControlSet\\Services\\EventLog\\Application\\LinkerdMesh"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return "";
  }
};
makeEventSource();
makeEventSource();
const made = query();
writeEvent({ level: "error", number: 33, text: "port 4143 is taken: 日誌" });
host.tellSystem({ level: "warn", number: 21, text: "x".repeat(100_000) });
removeEventSource();
removeEventSource();
console.log(JSON.stringify({ made, afterwards: query(), log: log.messages }));
