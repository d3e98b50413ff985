/** Tells whoever waits that something may have changed; it does not say what. */
export class Bell {
  #next = new AbortController();

  /** Aborted at the next ring. Taken before one looks, nothing is missed between the look and the wait. */
  get next(): AbortSignal {
    return this.#next.signal;
  }

  ring(): void {
    const rung = this.#next;
    this.#next = new AbortController();
    rung.abort(rang);
  }
}

// One for all: an abort without a reason makes an error with its stack each time.
const rang = new Error("the bell rang");
