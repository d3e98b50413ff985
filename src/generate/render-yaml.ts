import { stringify } from "yaml";

/** One YAML document. What YAML 1.1 takes for a boolean or a number (`yes`, `on`, `1_000`) is quoted, for kubectl still reads that version. */
export function renderYaml(value: unknown): string {
  return stringify(value, { compat: "yaml-1.1", lineWidth: 0, aliasDuplicateObjects: false });
}
