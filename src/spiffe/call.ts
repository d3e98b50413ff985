import { constants, type ClientHttp2Session, type ClientHttp2Stream, type IncomingHttpHeaders } from "node:http2";
import { judgeSessionError } from "./connection.ts";
import { WorkloadApiFailure } from "./failure.ts";
import { encodeFrame, FrameDecoder, FramingError } from "./grpc-frames.ts";

const methodPath = "/SpiffeWorkloadAPI/FetchX509SVID";

/**
 * Asks for X.509 SVIDs and yields each message as it comes. The stream has no good end: the iterator always ends
 * with a WorkloadApiFailure. Stopping the iteration closes the stream.
 */
export async function* callFetchX509Svid(session: ClientHttp2Session): AsyncGenerator<Uint8Array, never, void> {
  const answer: Answer = { headers: undefined, trailers: undefined };
  const stream = openStream(session, answer);
  using undo = new DisposableStack();
  undo.defer(() => stream.close(constants.NGHTTP2_CANCEL));
  const decoder = new FrameDecoder();
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      judgeHeaders(answer.headers);
      yield* decoder.decode(chunk);
    }
  } catch (error) {
    if (error instanceof WorkloadApiFailure) throw error;
    if (error instanceof FramingError) throw new WorkloadApiFailure({ kind: "protocol", detail: error.message }, error);
    // A status that came before the connection broke says more than the break.
    throw readStatus(answer) ?? new WorkloadApiFailure(judgeSessionError(error), error);
  }
  judgeHeaders(answer.headers);
  throw readStatus(answer) ?? new WorkloadApiFailure({ kind: "cut", detail: decoder.pending > 0 ? "in the middle of a message" : "without a status" });
}

interface Answer {
  headers: IncomingHttpHeaders | undefined;
  trailers: IncomingHttpHeaders | undefined;
}

function openStream(session: ClientHttp2Session, answer: Answer): ClientHttp2Stream {
  let stream: ClientHttp2Stream;
  try {
    stream = session.request({
      ":method": "POST",
      ":path": methodPath,
      "content-type": "application/grpc",
      "te": "trailers",
      "user-agent": "linkerd-mesh",
      // By this header the agent knows that no browser or proxy was tricked into asking.
      "workload.spiffe.io": "true",
    }, { endStream: false });
  } catch (error) {
    throw new WorkloadApiFailure({ kind: "cut", detail: "before the question" }, error);
  }
  stream.on("response", (headers) => (answer.headers = headers));
  stream.on("trailers", (headers: IncomingHttpHeaders) => (answer.trailers = headers));
  // The iteration reports errors; this listener is for those after it.
  stream.on("error", () => undefined);
  stream.end(encodeFrame(new Uint8Array()));
  return stream;
}

function judgeHeaders(headers: IncomingHttpHeaders | undefined): void {
  if (headers === undefined) return;
  const status = headers[":status"];
  const type = headers["content-type"] ?? "";
  if (Number(status) !== 200) throw new WorkloadApiFailure({ kind: "protocol", detail: `it answered HTTP status ${String(status)}` });
  if (!/^application\/grpc(?:$|[+;])/u.test(type)) throw new WorkloadApiFailure({ kind: "protocol", detail: `it answered ${type === "" ? "without a content type" : type}` });
}

/** The status, which a refused call carries in its headers instead of its trailers. */
function readStatus({ headers, trailers }: Answer): WorkloadApiFailure | undefined {
  const source = trailers?.["grpc-status"] === undefined ? headers : trailers;
  const status = source?.["grpc-status"];
  if (source === undefined || status === undefined) return undefined;
  if (!/^\d+$/u.test(String(status))) return new WorkloadApiFailure({ kind: "protocol", detail: "its gRPC status is no number" });
  return new WorkloadApiFailure({ kind: "status", status: Number(status), message: decodeMessage(String(source["grpc-message"] ?? "")) });
}

/** gRPC percent-encodes its message; one that is not decodable is shown as it came. */
function decodeMessage(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
