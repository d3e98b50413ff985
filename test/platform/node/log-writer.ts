// A process that writes numbered lines to a log until it is killed: `node log-writer.ts FOLDER FIRST`. Says each hundredth on stdout.
import { writeSync } from "node:fs";
import { openLogFile } from "../../../src/platform/node/log-file.ts";

const [folder = "", first = "0"] = process.argv.slice(2);
const log = openLogFile({ folder, form: "json", onTrouble: (trouble) => writeSync(2, `${trouble.message}\n`) }, { bytes: 4000, retryEvery: 0 });
for (let number = Number(first); ; number += 1) {
  log.write({ time: "2026-01-01T00:00:00.000Z", level: "info", message: `line ${number}` });
  if (number % 100 === 0) writeSync(1, `${number}\n`);
}
