/** What the driver is told: one JSON object a line. */
export type Order = { readonly id: number } & (
  | { readonly do: "start"; readonly file: string; readonly args: readonly string[]; readonly environment: Readonly<Record<string, string>>; readonly folder: string }
  | { readonly do: "write"; readonly text: string }
  | { readonly do: "end" }
  | { readonly do: "kill" }
);

/** What the driver tells. */
export type Tale = { readonly id: number } & (
  | { readonly what: "started"; readonly pid: number }
  | { readonly what: "failed"; readonly message: string }
  | { readonly what: "stdout" | "stderr"; readonly text: string }
  | { readonly what: "ended"; readonly code: number }
);
