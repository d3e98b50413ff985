import type { SettingKey } from "../../model/settings/settings.ts";
import type { RegistryValues, Texts } from "../../model/settings/sources.ts";
import { findSetting, surfacesOf } from "../../model/settings/surfaces.ts";
import type { Host } from "../../platform/host.ts";
import { refuseNewProblems } from "./refuse-new-problems.ts";

/** What came of a change in the registry. */
export interface RegistryChange {
  /** The value is different now. */
  readonly changed: boolean;
  /** The value of the policy that counts instead, by its path. */
  readonly overruledBy: string | undefined;
}

/** Changes one of the machine's own settings in the registry, or nothing. */
export async function changeRegistry(host: Host, edit: { readonly key: SettingKey; readonly text: string | undefined }): Promise<RegistryChange> {
  const { policy, registry = { path: host.registry.path ?? "", values: {} } } = await host.registry.read();
  const overruledBy = findValue(policy, edit.key);
  const result = { overruledBy: overruledBy === undefined ? undefined : `${policy?.path ?? ""}\\${overruledBy}` };
  // Windows finds a name however it is written, and keeps it as it was written first.
  const found = findValue(registry, edit.key);
  const name = found ?? surfacesOf(edit.key).registryValue;
  const isText = registry.troubles === undefined || !Object.hasOwn(registry.troubles, name);
  if (isText && (found === undefined ? undefined : registry.values[found]) === edit.text) return { ...result, changed: false };
  refuseNewProblems(host, { before: { registry }, after: { registry: withValue(registry, name, edit.text) } });
  await host.registry.write(name, edit.text);
  return { ...result, changed: true };
}

function findValue(values: RegistryValues | undefined, key: SettingKey): string | undefined {
  return Object.keys({ ...values?.values, ...values?.troubles }).find((name) => findSetting("registryValue", name) === key);
}

function withValue({ path, values, troubles = {} }: RegistryValues, name: string, text: string | undefined): RegistryValues {
  const others = (texts: Texts): Texts => Object.fromEntries(Object.entries(texts).filter(([other]) => other !== name));
  return { path, values: { ...others(values), ...(text !== undefined && { [name]: text }) }, troubles: others(troubles) };
}
