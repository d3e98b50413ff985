/** Bytes that do not follow gRPC's framing. */
export class FramingError extends Error {
  override readonly name = "FramingError";
}

const prefixLength = 5;

/** A bundle with a thousand roots is about 1 MB; more than this is a mistake or an attack. */
export const longestMessage = 16 * 1024 * 1024;

/** Puts gRPC's prefix before a message: not compressed, its length. */
export function encodeFrame(message: Uint8Array): Buffer {
  const frame = Buffer.alloc(prefixLength + message.length);
  frame.writeUInt32BE(message.length, 1);
  frame.set(message, prefixLength);
  return frame;
}

/** Cuts a stream of bytes into messages, however the bytes arrive. */
export class FrameDecoder {
  #chunks: Uint8Array[] = [];
  #length = 0;

  /** Bytes of a message that is not whole yet. */
  get pending(): number {
    return this.#length;
  }

  /** The messages that are whole with these bytes; a FramingError ends the stream. */
  *decode(chunk: Uint8Array): Generator<Buffer, void, void> {
    this.#chunks.push(chunk);
    this.#length += chunk.length;
    for (let size = this.#frameSize(); size !== undefined && this.#length >= size; size = this.#frameSize()) {
      yield this.#take(size).subarray(prefixLength);
    }
  }

  #frameSize(): number | undefined {
    if (this.#length < prefixLength) return undefined;
    const prefix = this.#gather();
    if (prefix[0] !== 0) throw new FramingError(prefix[0] === 1 ? "a message is compressed, which was not agreed" : "a message has no gRPC prefix");
    const length = prefix.readUInt32BE(1);
    if (length > longestMessage) throw new FramingError(`a message of ${length} bytes is longer than the allowed ${longestMessage}`);
    return prefixLength + length;
  }

  /** Joins the chunks only as far as the prefix needs, so that a long message in many chunks costs no copying per chunk. */
  #gather(): Buffer {
    const [first] = this.#chunks;
    if (first !== undefined && first.length >= prefixLength) return Buffer.from(first.buffer, first.byteOffset, first.length);
    const joined = Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }

  #take(size: number): Buffer {
    const joined = Buffer.concat(this.#chunks);
    const rest = joined.subarray(size);
    this.#chunks = rest.length > 0 ? [rest] : [];
    this.#length = rest.length;
    return joined.subarray(0, size);
  }
}
