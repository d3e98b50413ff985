import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttp } from "node:http";
import { createServer as createHttp2 } from "node:http2";
import { createServer, type AddressInfo, type Server as NetServer, type Socket } from "node:net";
import { Server, ServerCredentials, status, type sendUnaryData, type ServerUnaryCall } from "@grpc/grpc-js";
import { HealthCheckResponse_ServingStatus as Serving, HealthService, type HealthCheckRequest, type HealthCheckResponse } from "../../src/harness/generated/health.ts";
import { probeGrpc } from "../../src/harness/probe-grpc.ts";

const forever = new AbortController().signal;
type Check = (call: ServerUnaryCall<HealthCheckRequest, HealthCheckResponse>, answer: sendUnaryData<HealthCheckResponse>) => void;

/** A gRPC server with that health, or with none. */
async function openHealth(check?: Check): Promise<AsyncDisposable & { readonly port: number }> {
  const server = new Server();
  if (check !== undefined) server.addService(HealthService, { check });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => (error === null ? resolve(port) : reject(error)));
  return { port: await promise, [Symbol.asyncDispose]: () => Promise.resolve(server.forceShutdown()) };
}

/** Any other server. */
async function openServer(server: Pick<NetServer, keyof NetServer>): Promise<AsyncDisposable & { readonly port: number; readonly sockets: ReadonlySet<Socket> }> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket.on("error", () => undefined).once("close", () => sockets.delete(socket))));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port, sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const ask = (port: number, service = ""): Promise<string | undefined> => probeGrpc({ kind: "grpc", port, service }, forever);

describe("a probe by gRPC", () => {
  it("passes when the service is SERVING, and for nothing else", async () => {
    const known: Readonly<Record<string, number>> = { "": Serving.SERVING, "db": Serving.NOT_SERVING, "odd": Serving.UNKNOWN, "watch": Serving.SERVICE_UNKNOWN, "newer": 9 };
    await using server = await openHealth(({ request }, answer) => {
      const health = known[request.service];
      if (health === undefined) answer({ code: status.NOT_FOUND, details: "unknown service" });
      else answer(null, { status: health } as HealthCheckResponse);
    });
    const answers = await Promise.all(["", "db", "odd", "watch", "newer", "none"].map((service) => ask(server.port, service)));
    assert.deepEqual(answers, [undefined, "its health is NOT_SERVING", "its health is UNKNOWN", "its health is SERVICE_UNKNOWN", "its health is 9", "it knows no service none"]);
  });

  it("says who it is, and what an error says", async () => {
    let agent = "";
    await using server = await openHealth(({ metadata }, answer) => {
      agent = String(metadata.get("user-agent")[0]);
      answer({ code: status.INTERNAL, details: "die Platte ist übervoll" });
    });
    assert.equal(await ask(server.port), "gRPC status INTERNAL: die Platte ist übervoll");
    assert.match(agent, /^linkerd-mesh-probe$/u);
  });

  it("says so when the server has no health protocol", async () => {
    await using server = await openHealth();
    assert.equal(await ask(server.port), "it does not implement gRPC's health protocol (grpc.health.v1)");
  });

  it("fails where nobody speaks gRPC, always with the same words", async () => {
    await using web = await openServer(createHttp((_, response) => response.end("hello")));
    await using mail = await openServer(createServer((socket) => void socket.end("220 mail.test ESMTP\r\n")));
    await using plain = await openServer(createHttp2((_, response) => response.writeHead(404).end("no")));
    await using endless = await openServer(createHttp2((_, response) => response.end(Buffer.alloc(100_000))));
    const closed = await openServer(createServer());
    await closed[Symbol.asyncDispose]();
    for (const [{ port }, why] of [
      [web, /^Protocol error$/u], [mail, /^Protocol error$/u], [plain, /^it does not speak gRPC: it answered with HTTP status 404$/u],
      [endless, /^its answer is too large/u], [closed, /^connect ECONNREFUSED 127\.0\.0\.1:\d+$/u],
    ] as const) {
      const [first, second] = [await ask(port).catch(String), await ask(port).catch(String)];
      assert.match(first?.replace(/^Error.*?: /u, "") ?? "", why);
      assert.equal(second, first);
    }
  });

  it("takes no answer that is none: without a message, compressed, not of the protocol", async () => {
    const bodies = [Buffer.alloc(0), Buffer.from([1, 0, 0, 0, 2, 8, 1]), Buffer.from([0, 0, 0])];
    const failures: (string | undefined)[] = [];
    for (const body of bodies) {
      await using server = await openServer(createHttp2().on("stream", (stream) => {
        stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
        stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" })).end(body);
      }));
      failures.push(await ask(server.port));
    }
    assert.deepEqual(failures, bodies.map(() => "its answer is none of the health protocol"));
  });

  it("ends with its signal, before and after the connection is made, and leaves no socket", async () => {
    const said: number[] = [];
    const { promise: connected, resolve: onData } = Promise.withResolvers<void>();
    await using silent = await openServer(createServer((socket) => void socket.once("data", ({ length }) => onData(void said.push(length))).resume()));
    const { promise: called, resolve } = Promise.withResolvers<void>();
    await using hanging = await openHealth(() => resolve());
    const stops = [new AbortController(), new AbortController()] as const;
    const asking = [silent, hanging].map(({ port }, index) => probeGrpc({ kind: "grpc", port, service: "" }, stops[index as 0 | 1].signal));
    const settled = Promise.allSettled(asking);
    await Promise.all([connected, called]);
    for (const stop of stops) stop.abort(new Error("over"));
    for (const result of await settled) assert.equal(result.status === "rejected" && String(result.reason), "Error: over");
    for (const socket of silent.sockets) await once(socket, "close");
    assert.equal(silent.sockets.size, 0);
    await assert.rejects(probeGrpc({ kind: "grpc", port: silent.port, service: "" }, AbortSignal.abort()), { name: "AbortError" });
  });
});
