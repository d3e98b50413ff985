import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { renderIcon } from "./icon.ts";

// What is used of resedit. Its own types would bring a browser's into the whole project.
interface Resedit {
  readonly NtExecutable: { from(bytes: Uint8Array, options: { readonly ignoreCert: boolean }): Executable };
  readonly NtExecutableResource: { from(executable: Executable): Resources };
  readonly Data: { readonly IconFile: { from(bytes: Uint8Array): { readonly icons: readonly { readonly data: unknown }[] } } };
  readonly Resource: {
    readonly IconGroupEntry: {
      fromEntries(entries: Entries): readonly IconGroup[];
      replaceIconsForResource(entries: Entries, ...group: readonly [id: IconGroup["id"], language: IconGroup["lang"], icons: readonly unknown[]]): void;
    };
    readonly VersionInfo: { fromEntries(entries: Entries): readonly VersionInfo[] };
  };
}

interface Executable {
  generate(): ArrayBuffer;
}

interface Resources {
  readonly entries: Entries;
  outputResource(executable: Executable): void;
}

type Entries = readonly unknown[];

interface IconGroup {
  readonly id: number | string;
  readonly lang: number | string;
  readonly icons: readonly { readonly width: number }[];
}

interface Language {
  readonly lang: number;
  readonly codepage: number;
}

interface VersionInfo {
  getAllLanguagesForStringValues(): readonly Language[];
  getStringValues(language: Language): Readonly<Record<string, string>>;
  removeAllStringValues(language: Language): void;
  setFileVersion(version: string, language: number): void;
  setProductVersion(version: string, language: number): void;
  setStringValues(language: Language, values: Readonly<Record<string, string>>): void;
  outputToResourceEntries(entries: Entries): void;
}

const { NtExecutable, NtExecutableResource, Data, Resource } = createRequire(import.meta.url)("resedit") as Resedit;
const english: Language = { lang: 1033, codepage: 1200 };

/** Gives the Windows executable our own version and icon in place of Node's. Node's signature goes, for it holds no more. */
export function applyResources(file: string, version: string): void {
  const executable = NtExecutable.from(readFileSync(file), { ignoreCert: true });
  const resources = NtExecutableResource.from(executable);
  for (const info of Resource.VersionInfo.fromEntries(resources.entries)) applyVersion(info, version, resources.entries);
  const icons = Data.IconFile.from(renderIcon()).icons.map(({ data }) => data);
  for (const { id, lang } of Resource.IconGroupEntry.fromEntries(resources.entries)) {
    Resource.IconGroupEntry.replaceIconsForResource(resources.entries, id, lang, icons);
  }
  resources.outputResource(executable);
  writeFileSync(file, Buffer.from(executable.generate()));
}

/** The version texts and the widths of the icons in an unsigned Windows executable; 0 stands for 256. */
export function readResources(file: string): { readonly texts: Readonly<Record<string, string>>; readonly icons: readonly number[] } {
  const { entries } = NtExecutableResource.from(NtExecutable.from(readFileSync(file), { ignoreCert: false }));
  return {
    texts: Object.assign({}, ...Resource.VersionInfo.fromEntries(entries).map((info) => info.getStringValues(english))) as Record<string, string>,
    icons: Resource.IconGroupEntry.fromEntries(entries).flatMap(({ icons }) => icons.map(({ width }) => width)),
  };
}

function applyVersion(info: VersionInfo, version: string, entries: Entries): void {
  for (const language of info.getAllLanguagesForStringValues()) info.removeAllStringValues(language);
  info.setFileVersion(version, english.lang);
  info.setProductVersion(version, english.lang);
  info.setStringValues(english, {
    ProductName: "LinkerdMesh",
    FileDescription: "Linkerd mesh for machines outside Kubernetes",
    CompanyName: "The LinkerdMesh authors",
    LegalCopyright: "Apache-2.0",
    InternalName: "linkerd-mesh",
    OriginalFilename: "linkerd-mesh.exe",
    FileVersion: version,
    ProductVersion: version,
  });
  info.outputToResourceEntries(entries);
}
