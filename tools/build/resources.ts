import { readFileSync, writeFileSync } from "node:fs";
import { Data, NtExecutable, NtExecutableResource, Resource } from "resedit";
import { renderIcon } from "./icon.ts";

const english = { lang: 1033, codepage: 1200 } as const;

/** Gives the Windows executable our own version and icon in place of Node's. Node's signature goes, for it holds no more. */
export function applyResources(file: string, version: string): void {
  const executable = NtExecutable.from(readFileSync(file), { ignoreCert: true });
  const resources = NtExecutableResource.from(executable);
  applyVersion(resources, version);
  for (const { id, lang } of Resource.IconGroupEntry.fromEntries(resources.entries)) {
    const icons = Data.IconFile.from(renderIcon()).icons.map(({ data }) => data);
    Resource.IconGroupEntry.replaceIconsForResource(resources.entries, id, lang, icons);
  }
  resources.outputResource(executable);
  writeFileSync(file, Buffer.from(executable.generate()));
}

function applyVersion(resources: NtExecutableResource, version: string): void {
  for (const old of Resource.VersionInfo.fromEntries(resources.entries)) {
    for (const language of old.getAllLanguagesForStringValues()) old.removeAllStringValues(language);
    old.setFileVersion(version, english.lang);
    old.setProductVersion(version, english.lang);
    old.setStringValues(english, {
      ProductName: "LinkerdMesh",
      FileDescription: "Linkerd mesh for machines outside Kubernetes",
      CompanyName: "The LinkerdMesh authors",
      LegalCopyright: "Apache-2.0",
      InternalName: "linkerd-mesh",
      OriginalFilename: "linkerd-mesh.exe",
      FileVersion: version,
      ProductVersion: version,
    });
    old.outputToResourceEntries(resources.entries);
  }
}
