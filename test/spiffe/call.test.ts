import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type IncomingHttpHeaders, type ServerHttp2Session, type ServerHttp2Stream } from "node:http2";
import { buffer } from "node:stream/consumers";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ErrorCode } from "../../src/model/error-catalogue.ts";
import { X509SVIDResponse } from "../../src/spiffe/generated/workload.ts";
import { encodeFrame } from "../../src/spiffe/grpc-frames.ts";
import { createIssuer } from "../fakes/workload-api.ts";
import { sourceAt, Watch } from "./watch.ts";

const grpc = { ":status": 200, "content-type": "application/grpc" };

/** An HTTP/2 server that answers as it is told, byte by byte. */
async function serve(answer: (stream: ServerHttp2Stream, headers: IncomingHttpHeaders) => void): Promise<AsyncDisposable & { readonly address: string }> {
  const folder = await mkdtemp(join(tmpdir(), "spiffe-call-"));
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer().on("session", (session) => sessions.add(session)).on("stream", (stream, headers) => {
    stream.on("error", () => undefined);
    answer(stream, headers);
  });
  server.listen(join(folder, "api.sock"));
  await once(server, "listening");
  return {
    address: join(folder, "api.sock"),
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      server.close();
      await rm(folder, { recursive: true });
    },
  };
}

const answers: readonly [string, ErrorCode, RegExp, (stream: ServerHttp2Stream) => void][] = [
  ["HTTP status 404", "SPIRE_PROTOCOL", /HTTP status 404/u, (stream) => stream.respond({ ":status": 404 }, { endStream: true })],
  ["an HTML page", "SPIRE_PROTOCOL", /answered text\/html/u, (stream) => {
    stream.respond({ ":status": 200, "content-type": "text/html" });
    stream.end("<html>");
  }],
  ["no content type", "SPIRE_PROTOCOL", /without a content type/u, (stream) => stream.respond({ ":status": 200 }, { endStream: true })],
  ["a content type that only begins like gRPC's", "SPIRE_PROTOCOL", /application\/grpc-web/u, (stream) => stream.respond({ ...grpc, "content-type": "application/grpc-web" }, { endStream: true })],
  ["a status in the headers alone", "SPIRE_NO_ENTRY", /: no identity issued$/u, (stream) => stream.respond({ ...grpc, "grpc-status": "7", "grpc-message": "no identity issued" }, { endStream: true })],
  ["a status that is no number", "SPIRE_PROTOCOL", /status is no number/u, (stream) => stream.respond({ ...grpc, "grpc-status": "seven" }, { endStream: true })],
  ["a message that is not percent-encoded", "SPIRE_FAILED", /INTERNAL: 100%$/u, (stream) => stream.respond({ ...grpc, "grpc-status": "13", "grpc-message": "100%" }, { endStream: true })],
  ["an unknown status", "SPIRE_FAILED", /status 99$/u, (stream) => stream.respond({ ...grpc, "grpc-status": "99" }, { endStream: true })],
  ["an end without a status", "SPIRE_UNAVAILABLE", /without a status/u, (stream) => stream.respond(grpc, { endStream: true })],
  ["a good end, which a stream of identities never has", "SPIRE_UNAVAILABLE", /ended the stream/u, (stream) => stream.respond({ ...grpc, "grpc-status": "0" }, { endStream: true })],
  ["an end in the middle of a message", "SPIRE_UNAVAILABLE", /in the middle of a message/u, (stream) => {
    stream.respond(grpc);
    stream.end(Buffer.from([0, 0, 0, 1, 0, 1]));
  }],
  ["a compressed message", "SPIRE_PROTOCOL", /compressed/u, (stream) => {
    stream.respond(grpc);
    stream.write(Buffer.from([1, 0, 0, 0, 0]));
  }],
  ["a reset stream", "SPIRE_UNAVAILABLE", /cut/u, (stream) => stream.close(2)],
  ["a closed connection", "SPIRE_UNAVAILABLE", /cut/u, (stream) => stream.session?.destroy()],
];

describe("a call of the Workload API", () => {
  for (const [what, code, says, answer] of answers) {
    it(`answered with ${what} is ${code}`, async () => {
      await using server = await serve(answer);
      await using watch = new Watch(sourceAt(server.address));
      const { error } = await watch.trouble();
      assert.equal(error.code, code);
      assert.match(error.what, says);
    });
  }

  it("asks with the path, the headers and the empty message that SPIFFE names", async () => {
    const headers = Promise.withResolvers<IncomingHttpHeaders>();
    const body = Promise.withResolvers<Buffer>();
    await using server = await serve((stream, sent) => {
      headers.resolve(sent);
      void buffer(stream).then(body.resolve);
    });
    await using watch = new Watch(sourceAt(server.address));
    const next = watch.next();
    assert.deepEqual([...(await body.promise)], [0, 0, 0, 0, 0]);
    const { ":method": method, ":path": path, te, "content-type": type, "workload.spiffe.io": proof } = await headers.promise;
    assert.deepEqual({ method, path, te, type, proof }, { method: "POST", path: "/SpiffeWorkloadAPI/FetchX509SVID", te: "trailers", type: "application/grpc", proof: "true" });
    watch.stop();
    await assert.rejects(next, /the watch ended/u);
  });

  it("takes a message of more than half a megabyte that comes in many pieces", async () => {
    const svid = await (await createIssuer()).svid("spiffe://mesh.test/a");
    const bundle = Buffer.concat(Array<Uint8Array>(2_000).fill(svid.bundle));
    const message = X509SVIDResponse.encode({ svids: [{ ...svid, bundle }], crl: [], federatedBundles: {} }).finish();
    assert.ok(message.length > 500_000);
    await using server = await serve((stream) => {
      stream.respond(grpc);
      stream.write(encodeFrame(message));
    });
    await using watch = new Watch(sourceAt(server.address));
    const [received] = (await watch.context()).svids;
    assert.equal(received?.bundle.certificates.length, 1);
  });
});
