// Starts the project's own commands: installs the packages when they are not those of the lock file, then runs the
// task's steps on the pinned Node. Plain JavaScript for any host Node >= 20; it imports nothing but Node and its neighbours.
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { installPackages } from "./install.mjs";
import { chooseNode } from "./node.mjs";
import { runTask } from "./steps.mjs";
import { isTask, taskNames, tasks } from "./tasks.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [name = "", ...rest] = process.argv.slice(2);

if (!isTask(name)) {
  console.error(`run: there is no task '${name}'; the tasks are: ${taskNames().join(", ")}`);
  process.exitCode = 2;
} else {
  try {
    await installPackages(root);
    process.exitCode = await runTask(tasks[name], { root, rest, node: chooseNode(root) });
  } catch (error) {
    console.error(`run: ${error.message}`);
    process.exitCode = error.exitCode ?? 3;
  }
}
