import { createHash, randomUUID } from "node:crypto";
import { isMeshError, MeshError } from "../model/errors.ts";
import type { Host } from "../platform/host.ts";
import { parseInstanceFile, planInstance, renderInstanceFile, type Instance } from "./instance-file.ts";

/** Takes the state folder for this process and begins a life of its instance; disposing frees the folder. */
export async function openInstance(host: Host, stateDir: string): Promise<{ readonly instance: Instance } & AsyncDisposable> {
  await host.files.makeFolder(stateDir, 0o700);
  const lock = await host.files.lock(`${stateDir}/lock`);
  if (lock === undefined) {
    throw new MeshError("HARNESS_RUNNING", { doing: `taking the state folder ${stateDir}`, what: "another harness of this machine holds it", target: stateDir });
  }
  try {
    return { instance: await beginLife(host, `${stateDir}/instance.json`), [Symbol.asyncDispose]: () => lock[Symbol.asyncDispose]() };
  } catch (error) {
    await lock[Symbol.asyncDispose]();
    throw error;
  }
}

async function beginLife(host: Host, path: string): Promise<Instance> {
  const machine = createHash("sha256").update(await host.machineId()).digest("hex");
  const before = await readInstance(host, path);
  const instance = planInstance(before, machine, randomUUID());
  if (before !== undefined && before.id !== instance.id) host.log.write("warn", "the disk comes from another machine: this one takes an identity of its own", { path });
  await writeUnlessFull(host, path, renderInstanceFile(instance));
  return instance;
}

async function readInstance(host: Host, path: string): Promise<Instance | undefined> {
  const text = await host.files.readText(path);
  if (text === undefined) return undefined;
  const read = parseInstanceFile(text);
  if (read.kind === "good") return read.instance;
  if (read.kind === "newer") {
    throw new MeshError("STATE_NEWER", { doing: `reading ${path}`, what: `it has the form ${read.version} of a later version of this program`, target: path });
  }
  // Kept, so that whoever wants the old identity back can see it.
  await writeUnlessFull(host, `${path}.damaged`, text);
  host.log.write("warn", "the file of this machine's instance is damaged: it was put aside and a new instance begins", { path: `${path}.damaged` });
  return undefined;
}

/** A full disk must not keep a machine out of the mesh: this life goes on, only the next may not know of it. */
async function writeUnlessFull(host: Host, path: string, text: string): Promise<void> {
  try {
    await host.files.writeAtomic(path, text, { mode: 0o600 });
  } catch (error) {
    if (!isMeshError(error, "DISK_FULL")) throw error;
    host.log.write("warn", error.message, { code: error.code, remedy: error.remedy });
  }
}
