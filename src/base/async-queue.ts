// Taken items are dropped when there are so many.
const cleared = 1024;

/** An unbounded queue between a producer of events and one consumer that iterates. */
export class AsyncQueue<T> implements AsyncIterable<T> {
  readonly #items: T[] = [];
  /** How many of the items are taken: removing each from the front of a long array would move all the others. */
  #taken = 0;
  #wake: (() => void) | undefined;
  #ended = false;

  /** Adds an item; ignored after `end`. */
  push(item: T): void {
    if (this.#ended) return;
    this.#items.push(item);
    this.#wake?.();
  }

  /** The consumer finishes after the items that are already here. */
  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, void> {
    for (;;) {
      while (this.#taken < this.#items.length) yield this.#take();
      if (this.#ended) return;
      await new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wake = undefined;
    }
  }

  #take(): T {
    const item = this.#items[this.#taken] as T;
    this.#taken += 1;
    if (this.#taken < cleared && this.#taken < this.#items.length) return item;
    this.#items.splice(0, this.#taken);
    this.#taken = 0;
    return item;
  }
}
