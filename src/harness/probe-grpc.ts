import { connect, type ClientHttp2Session, type IncomingHttpHeaders } from "node:http2";
import { status } from "@grpc/grpc-js";
import { whenAborted } from "../base/abort.ts";
import type { ProbeAction } from "../model/external-group.ts";
import { HealthCheckRequest, HealthCheckResponse, HealthCheckResponse_ServingStatus as Serving, HealthService } from "./generated/health.ts";

/** A probe by gRPC's health protocol. */
export type GrpcCheck = Extract<ProbeAction, { kind: "grpc" }>;

const mostAnswer = 10 * 1024;
const prefixLength = 5;
const requestHeaders = {
  ":method": "POST", ":path": HealthService.check.path, "content-type": "application/grpc", "te": "trailers", "user-agent": "linkerd-mesh-probe",
};

/**
 * Why the application's server does not call the service SERVING; undefined when it does. Without TLS, on loopback, by
 * a connection of its own, as kubelet. A server that does not implement grpc.health.v1 fails.
 *
 * The call is made by hand: the library leaves the connection open for ever when it is closed while the server is still
 * silent, so that each probe of a hanging application would cost a socket.
 */
export async function probeGrpc({ port, service }: GrpcCheck, signal: AbortSignal): Promise<string | undefined> {
  using stack = new DisposableStack();
  const aborted = whenAborted(signal);
  stack.defer(() => aborted.forget());
  const session = connect(`http://127.0.0.1:${port}`);
  stack.defer(() => session.destroy());
  return judgeAnswer(await Promise.race([aborted.promise, callCheck(session, service)]), service);
}

/** What came back: trailers stand among the headers where the server sends no message. */
interface Answer {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

async function callCheck(session: ClientHttp2Session, service: string): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const stream = session.on("error", reject).on("close", () => reject(new Error("the connection was closed"))).request(requestHeaders);
  let headers: IncomingHttpHeaders = {};
  const parts: Buffer[] = [];
  let size = 0;
  const note = (more: IncomingHttpHeaders): void => {
    headers = { ...headers, ...more };
  };
  // A stream that never began says so; what kept it from beginning is the cause.
  stream.on("error", (error: Error) => reject(error.cause instanceof Error ? error.cause : error)).on("response", note).on("trailers", note).on("data", (part: Buffer) => {
    size += part.length;
    parts.push(part);
    if (size > mostAnswer) reject(new Error("its answer is too large for one of the health protocol"));
  });
  stream.once("close", () => resolve({ headers, body: Buffer.concat(parts) }));
  stream.end(renderMessage(HealthCheckRequest.encode({ service }).finish()));
  return promise;
}

// A byte that says whether it is compressed, and its length.
function renderMessage(message: Uint8Array): Buffer {
  const prefix = Buffer.alloc(prefixLength);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

function judgeAnswer({ headers, body }: Answer, service: string): string | undefined {
  const [code] = [headers["grpc-status"]].flat();
  if (code === undefined) return `it does not speak gRPC: it answered with HTTP status ${[headers[":status"]].flat().join()}`;
  if (code !== String(status.OK)) return judgeRefusal(Number(code), { service, message: [headers["grpc-message"] ?? ""].flat().join() });
  if (body.length < prefixLength || body[0] !== 0) return "its answer is none of the health protocol";
  const serving = HealthCheckResponse.decode(body.subarray(prefixLength)).status;
  return serving === Serving.SERVING ? undefined : `its health is ${nameOf(serving)}`;
}

function nameOf(serving: number): string {
  return Object.entries(Serving).find(([, number]) => number === serving)?.[0] ?? String(serving);
}

const refusals: Readonly<Record<number, (service: string) => string>> = {
  [status.UNIMPLEMENTED]: () => "it does not implement gRPC's health protocol (grpc.health.v1)",
  [status.NOT_FOUND]: (service) => (service === "" ? "it does not tell its health" : `it knows no service ${service}`),
};

function judgeRefusal(code: number, { service, message }: { readonly service: string; readonly message: string }): string {
  const refusal = refusals[code];
  if (refusal !== undefined) return refusal(service);
  return `gRPC status ${status[code] ?? code}${message === "" ? "" : `: ${decodePercent(message)}`}`;
}

function decodePercent(text: string): string {
  return Buffer.from(text.replaceAll(/%([\da-f]{2})/giu, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16))), "latin1").toString("utf8");
}
