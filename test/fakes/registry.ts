import type { RegistryValues } from "../../src/model/settings/sources.ts";
import type { Registry } from "../../src/platform/host.ts";

/** A registry in memory; without a path it is that of a system that has none. */
export class FakeRegistry implements Registry {
  readonly path: string | undefined;
  policy: RegistryValues | undefined;
  values: Record<string, string> | undefined;
  troubles: Record<string, string> = {};

  constructor(path?: string) {
    this.path = path;
  }

  read(): ReturnType<Registry["read"]> {
    const { policy, values, path = "" } = this;
    return Promise.resolve({ ...(policy && { policy }), ...(values && { registry: { path, values: { ...values }, troubles: { ...this.troubles } } }) });
  }

  write(name: string, text: string | undefined): Promise<void> {
    this.values = Object.fromEntries(Object.entries({ ...this.values, [name]: text }).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])));
    return Promise.resolve();
  }
}
