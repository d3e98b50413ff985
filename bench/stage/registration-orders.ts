/** What a registration server is in the figures, from the least that can be to the whole service. */
export type ServerKind = "library" | "wire" | "memory" | "sqlite";

/** What a server process is started with; certificates and key are PEM. */
export interface Opening {
  readonly kind: ServerKind;
  readonly cert: string;
  readonly key: string;
  readonly bundle: string;
  /** Where a store on disk is. */
  readonly database: string;
}

/** What its parent asks of a server process. */
export type Order =
  | { readonly kind: "usage"; /** Memory is what remains after a collection. */ readonly collect: boolean }
  | { readonly kind: "pass"; /** Moves its clock on, milliseconds. */ readonly time: number }
  | { readonly kind: "lease"; /** Edits the group: leases of so many milliseconds. */ readonly duration: number };

/** What a server process used and saw so far. */
export interface Usage {
  /** CPU, milliseconds. */
  readonly cpu: number;
  /** Bytes. */
  readonly resident: number;
  /** Bytes in JavaScript's heap and behind its objects. */
  readonly heap: number;
  readonly connections: number;
  /** Looks at the whole fleet so far. */
  readonly rounds: number;
  /** Machines that a round took for silent, let through or held back. */
  readonly silent: number;
}
