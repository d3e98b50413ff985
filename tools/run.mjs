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

if (Number(process.versions.node.split(".")[0]) < 20) {
  console.error(`run: this is Node ${process.versions.node}; Node >= 20 is needed to start (the pinned one for the rest is then installed by npm)`);
  process.exitCode = 3;
} else if (!isTask(name)) {
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
