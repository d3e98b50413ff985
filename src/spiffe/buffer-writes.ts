import { Duplex } from "node:stream";

/**
 * The same stream, but what is written to it is taken at once, as far as the stream's own buffer goes.
 *
 * Node's HTTP/2 reads nothing while a write of its own is under way, and a server that greets first reads nothing either. On a pipe
 * without a buffer, as SPIRE's agent makes it, a write lasts until the other end reads: both would wait for ever.
 */
export function bufferWrites(stream: Duplex): Duplex {
  const buffered = new Duplex({
    read: () => void stream.resume(),
    write(chunk, _encoding, taken) {
      if (stream.write(chunk)) taken();
      else stream.once("drain", taken);
    },
    final: (ended) => void stream.end(ended),
    destroy(error, closed) {
      stream.destroy();
      closed(error);
    },
  });
  stream.on("data", (chunk) => buffered.push(chunk) || stream.pause());
  stream.on("end", () => buffered.push(null));
  stream.on("error", (error) => buffered.destroy(error));
  stream.on("close", () => stream.readableEnded || buffered.destroy());
  return buffered;
}
