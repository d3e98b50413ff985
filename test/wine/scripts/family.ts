// Runs inside Wine: starts a child that is on its own, prints its number, and lives until it is killed.
import { spawn } from "node:child_process";
import { joinOwnJob } from "../../../src/platform/win32/jobs.ts";

if (process.argv[2] === "in a job") joinOwnJob();
const child = spawn(process.execPath, ["-e", "setInterval(() => undefined, 1000)"], { detached: true, stdio: "ignore" });
child.unref();
child.once("spawn", () => console.log(String(child.pid)));
setInterval(() => undefined, 1000);
