// Writes a machine's life to a store on disk and is killed after so many writes, or writes without end.
import { SqliteStore } from "../../src/autoregistration/sqlite-store.ts";
import { writeEndlessly, writeLife } from "./store-life.ts";

const [path = "", after = ""] = process.argv.slice(2);
const store = new SqliteStore(path, () => 1000);
if (after === "endless") {
  // Waited for: this loop never leaves the microtasks otherwise, and what a full pipe has put off would never be sent.
  await writeEndlessly(store, (count) => new Promise((resolve) => void process.stdout.write(`${count}\n`, () => resolve())));
} else {
  await writeLife(store, Number(after));
  process.kill(process.pid, "SIGKILL");
}
