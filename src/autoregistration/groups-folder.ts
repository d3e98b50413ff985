import { join } from "node:path";
import { Bell } from "../base/bell.ts";
import { renderKey, type ExternalGroup, type ObjectKey } from "../model/external-group.ts";
import { isMeshError, MeshError } from "../model/errors.ts";
import type { Clock, Files, Log } from "../platform/host.ts";
import type { GroupTrouble } from "../registration/directory.ts";
import { parseGroupsFile } from "./parse-groups-file.ts";
import { planFile, planGroups, type GroupFile, type GroupsView } from "./plan-groups.ts";
import type { Groups } from "./registrar.ts";

/** Groups that may change while one looks. */
export interface WatchedGroups extends Groups {
  /** Aborted when they next change; taken before one looks, no change is missed. */
  readonly changed: AbortSignal;
  troubles(): readonly GroupTrouble[];
}

/** What reading a folder of groups needs. */
export interface GroupsFolderDeps {
  readonly folder: string;
  readonly files: Files;
  readonly clock: Clock;
  readonly log: Log;
}

/** Bounds: whoever may write into the folder cannot make the server read without end. */
export const groupsFolderLimits = { fileBytes: 1024 * 1024, files: 1000 } as const;

// A machine whose group is missing makes the folder read out of turn; a thousand of them no more often than this.
const readSpacing = 1000;

// A share of a network may hang for ever; what was read before holds meanwhile, and somebody must hear of it.
const readPatience = 10_000;

interface KnownFile extends GroupFile {
  readonly text: string | undefined;
}

/** The ExternalGroups in the YAML files of a folder. Whatever becomes unreadable keeps what it last said. */
export class GroupsFolder implements WatchedGroups {
  readonly #deps: GroupsFolderDeps;
  readonly #bell = new Bell();
  readonly #known = new Map<string, KnownFile>();
  #view: GroupsView = { groups: new Map(), troubles: [] };
  #reading: Promise<void> | undefined;
  #readAt = -Infinity;

  constructor(deps: GroupsFolderDeps) {
    this.#deps = deps;
  }

  get changed(): AbortSignal {
    return this.#bell.next;
  }

  current(): ReadonlyMap<string, ExternalGroup> {
    return this.#view.groups;
  }

  troubles(): readonly GroupTrouble[] {
    return this.#view.troubles;
  }

  async read(key: ObjectKey, signal: AbortSignal): Promise<ExternalGroup | undefined> {
    signal.throwIfAborted();
    if (this.#deps.clock.monotonic() - this.#readAt >= readSpacing) await this.#readPatiently();
    return this.#view.groups.get(renderKey(key));
  }

  /** Reads the folder for the first time. Errors: GROUPS_DIR when there is none, or nobody may look into it. */
  async open(): Promise<void> {
    const trouble = await this.#lookAtFolder();
    if (trouble !== undefined) throw new MeshError("GROUPS_DIR", { doing: `reading the groups in ${this.#deps.folder}`, what: trouble, target: this.#deps.folder });
    await this.#readAll();
  }

  /** Follows the folder until the signal; `read` is called after each look. */
  async follow(signal: AbortSignal, read: () => void = () => undefined): Promise<void> {
    for await (const _ of this.#deps.files.watchFolder(this.#deps.folder, signal)) {
      // One that has begun may have passed what changed just now.
      if (this.#reading !== undefined) await this.#readPatiently();
      await this.#readPatiently();
      read();
    }
  }

  /** Resolves when the folder was read, or when that takes too long; one reading at a time, whoever asks. */
  async #readPatiently(): Promise<void> {
    this.#reading ??= this.#readAll().finally(() => (this.#reading = undefined));
    const read = new AbortController();
    const reading = this.#reading.finally(() => read.abort());
    const late = this.#deps.clock.sleep(readPatience, read.signal).then(() => true, () => false);
    if (!(await Promise.race([reading.then(() => false), late]))) return;
    const { folder } = this.#deps;
    this.#take({ ...this.#view, troubles: [{ file: folder, problems: ["it does not answer"] }, ...this.#view.troubles.filter(({ file }) => file !== folder)] });
  }

  async #readAll(): Promise<void> {
    this.#readAt = this.#deps.clock.monotonic();
    const trouble = await this.#lookAtFolder();
    const problem = trouble ?? (await this.#readFolder());
    const view = planGroups([...this.#known.values()].toSorted(byName), this.#view.groups);
    this.#take(problem === undefined ? view : { ...view, troubles: [{ file: this.#deps.folder, problems: [problem] }, ...view.troubles] });
  }

  async #lookAtFolder(): Promise<string | undefined> {
    const { files, folder } = this.#deps;
    try {
      const info = await files.stat(folder);
      if (info === undefined) return "there is no such folder";
      if (info.kind !== "folder") return "it is not a folder";
      await files.list(folder);
      return undefined;
    } catch (error) {
      return whatOf(error);
    }
  }

  async #readFolder(): Promise<string | undefined> {
    const names = (await this.#deps.files.list(this.#deps.folder)).filter((name) => /^[^.].*\.ya?ml$/u.test(name));
    const most = groupsFolderLimits.files;
    await this.#readFiles(names.slice(0, most));
    return names.length > most ? `it has ${names.length} group files; only the first ${most} by name are read` : undefined;
  }

  async #readFiles(names: readonly string[]): Promise<void> {
    for (const name of [...this.#known.keys()].filter((known) => !names.includes(known))) this.#known.delete(name);
    for (const name of names) {
      const before = this.#known.get(name);
      const read = await this.#readFile(name);
      if (read === undefined) this.#known.delete(name);
      else if ("problem" in read) this.#known.set(name, { ...planFile({ groups: [], problems: [read.problem] }, before, name), text: undefined });
      else if (read.text !== before?.text) this.#known.set(name, { ...planFile(parseGroupsFile(read.text), before, name), text: read.text });
    }
  }

  async #readFile(name: string): Promise<{ readonly text: string } | { readonly problem: string } | undefined> {
    const { files, folder } = this.#deps;
    const path = join(folder, name);
    try {
      const info = await files.stat(path);
      if (info === undefined) return undefined;
      if (info.kind !== "file") return { problem: "is not a file" };
      if (info.size > groupsFolderLimits.fileBytes) return { problem: `has ${info.size} bytes; ${groupsFolderLimits.fileBytes} are the most` };
      const text = await files.readText(path);
      return text === undefined ? undefined : { text };
    } catch (error) {
      return { problem: whatOf(error) };
    }
  }

  #take(view: GroupsView): void {
    const before = this.#view;
    this.#view = view;
    this.#tellTroubles(before.troubles);
    const told = describeChanges(before.groups, view.groups);
    if (told === undefined) return;
    this.#deps.log.write("info", "the groups changed", told);
    this.#bell.ring();
  }

  #tellTroubles(before: readonly GroupTrouble[]): void {
    const known = new Set(before.map((trouble) => JSON.stringify(trouble)));
    for (const trouble of this.#view.troubles) {
      if (known.has(JSON.stringify(trouble))) continue;
      this.#deps.log.write("warn", "a group file cannot be used as it is; groups that it had before stay", { ...trouble });
    }
    const now = new Set(this.#view.troubles.map(({ file }) => file));
    for (const { file } of before) if (!now.has(file)) this.#deps.log.write("info", "a group file is good again, or gone", { file });
  }
}

function byName(a: GroupFile, b: GroupFile): number {
  return a.name < b.name ? -1 : 1;
}

function describeChanges(before: GroupsView["groups"], now: GroupsView["groups"]): Readonly<Record<string, readonly string[]>> | undefined {
  const changes = {
    added: [...now.keys()].filter((id) => !before.has(id)),
    changed: [...now].filter(([id, group]) => before.has(id) && before.get(id) !== group).map(([id]) => id),
    gone: [...before.keys()].filter((id) => !now.has(id)),
  };
  if (Object.values(changes).every((ids) => ids.length === 0)) return undefined;
  return Object.fromEntries(Object.entries(changes).map(([what, ids]) => [what, shorten(ids)]));
}

// At the start all groups are new, and a log line is not the place for a thousand names.
function shorten(ids: readonly string[]): readonly string[] {
  const most = 20;
  return ids.length <= most ? ids : [...ids.slice(0, most), `and ${ids.length - most} more`];
}

function whatOf(error: unknown): string {
  if (isMeshError(error)) return error.what;
  throw error;
}
