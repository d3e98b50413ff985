/** Names what is under way, so that a stop that hangs can say on what. */
export class Pending {
  readonly #names = new Map<symbol, string>();

  /** The work, under a name until it ends. */
  async track<T>(name: string, work: Promise<T>): Promise<T> {
    const key = Symbol(name);
    this.#names.set(key, name);
    try {
      return await work;
    } finally {
      this.#names.delete(key);
    }
  }

  list(): readonly string[] {
    return [...this.#names.values()];
  }
}
