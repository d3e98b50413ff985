/** Splits a camelCase name into its words in lower case: `spireSocketAddr` → `spire`, `socket`, `addr`. */
export function parseCamelCase(name: string): readonly string[] {
  return name.split(/(?=[A-Z])/u).map((word) => word.toLowerCase());
}

/** `control`, `address` → `control-address`. */
export function renderKebabCase(words: readonly string[]): string {
  return words.join("-");
}

/** `control`, `address` → `CONTROL_ADDRESS`. */
export function renderConstantCase(words: readonly string[]): string {
  return words.join("_").toUpperCase();
}

/** `control`, `address` → `ControlAddress`. */
export function renderPascalCase(words: readonly string[]): string {
  return words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join("");
}
