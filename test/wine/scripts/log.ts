// Runs inside Wine: writes numbered lines to a log in small files, so many for each line of its input, and says the last number.
import { createInterface } from "node:readline";
import { openLogFile } from "../../../src/platform/node/log-file.ts";

const [folder = "", first = "0"] = process.argv.slice(2);
const log = openLogFile({ folder, form: "text", onTrouble: (trouble) => console.error(trouble.message) }, { bytes: 20_000, retryEvery: 0 });
let number = Number(first);
for await (const count of createInterface(process.stdin)) {
  for (const end = number + Number(count); number < end; number += 1) log.write({ time: new Date().toISOString(), level: "info", message: `line ${number}` });
  console.log(number - 1);
}
