import assert from "node:assert/strict";
import { connect as connectHttp2, constants, type ClientHttp2Session } from "node:http2";
import { connect } from "node:net";
import { credentials, Client, Metadata, status, type ServiceError } from "@grpc/grpc-js";
import fc from "fast-check";
import { RegisterRequest, RegistrationService, RenewRequest } from "../../src/registration/generated/registration.ts";
import { encodeRegister, encodeRenew } from "../../src/registration/messages-calls.ts";
import { agreeing, machineId, mintIdentity, openLab, registerAsk, renewAsk, type Lab } from "./wire-lab.ts";

const sidecar = { auth: { kind: "sidecar" } as const };
const samples = [Buffer.from(RegisterRequest.encode(encodeRegister(registerAsk)).finish()), Buffer.from(RenewRequest.encode(encodeRenew(renewAsk)).finish())];
const paths = [RegistrationService.register.path, RegistrationService.renew.path, RegistrationService.deregister.path];
const rounds = Number(process.env["FUZZ_ROUNDS"] ?? 2000);
const patience = 20_000 + rounds * 5;

/** Bytes of all kinds: noise, messages with bytes changed, and messages cut off. */
const someBytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.tuple(fc.constantFrom(...samples), fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 8 })).map(([sample, changes]) => {
    const bytes = Uint8Array.from(sample);
    for (const [at, value] of changes) bytes[at % bytes.length] = value;
    return bytes;
  }),
  fc.tuple(fc.constantFrom(...samples), fc.nat(400)).map(([sample, length]) => sample.subarray(0, length % sample.length)),
);

/** Sends bytes as a message of that method; resolves to the gRPC code. */
async function callWith(client: Client, path: string, bytes: Uint8Array): Promise<status> {
  const metadata = new Metadata();
  metadata.set("l5d-client-id", machineId);
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, (message: Buffer) => message, (message: Buffer) => message, Buffer.from(bytes), metadata, { deadline: Date.now() + 5000 }, (error: ServiceError | null) => resolve(error?.code ?? status.OK));
  });
}

/** Sends a body over HTTP/2 as it is; resolves to the gRPC status, or to how the stream ended without one. */
async function post(session: ClientHttp2Session, body: Uint8Array, headers: Readonly<Record<string, string>> = {}): Promise<string> {
  const stream = session.request({ ":method": "POST", ":path": paths[0], "content-type": "application/grpc", "te": "trailers", "l5d-client-id": machineId, ...headers });
  let code = "";
  return new Promise((resolve) => {
    stream.on("response", (answer) => (code = String(answer["grpc-status"] ?? code))).on("trailers", (trailers) => (code = String(trailers["grpc-status"] ?? code)));
    stream.on("error", () => undefined).on("close", () => resolve(code === "" ? `reset ${stream.rstCode ?? 0}` : code)).resume();
    stream.end(Buffer.from(body));
  });
}

async function servesStill({ server }: Lab): Promise<void> {
  const client = new Client(`127.0.0.1:${server.address.port}`, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });
  assert.equal(await callWith(client, paths[0]!, samples[0]!), status.OK);
  client.close();
}

describe("registration wire, fuzzed", () => {
  it("answers every message with a status", async () => {
    await using lab = await openLab(agreeing(), sidecar);
    const client = new Client(`127.0.0.1:${lab.server.address.port}`, credentials.createInsecure());
    const codes = new Set<status>();
    await fc.assert(fc.asyncProperty(someBytes, fc.constantFrom(...paths), async (bytes, path) => {
      const code = await callWith(client, path, bytes);
      codes.add(code);
      assert.ok([status.OK, status.INTERNAL].includes(code), status[code]);
    }), { numRuns: rounds });
    client.close();
    assert.deepEqual([...codes].sort((a, b) => a - b), [status.OK, status.INTERNAL]);
    assert.equal(lab.server.counts().connections <= 1, true);
    await servesStill(lab);
  }).timeout(patience);

  it("withstands frames that lie about their length, are cut off or compressed, and headers of all kinds", async () => {
    await using lab = await openLab(agreeing(), sidecar);
    const session = connectHttp2(`http://127.0.0.1:${lab.server.address.port}`);
    session.on("error", () => undefined);
    const frame = (flag: number, length: number, body: Uint8Array): Buffer => {
      const head = Buffer.alloc(5);
      head.writeUInt8(flag);
      head.writeUInt32BE(length, 1);
      return Buffer.concat([head, body]);
    };
    assert.equal(await post(session, frame(0, samples[0]!.length, samples[0]!)), "0");
    assert.equal(await post(session, frame(0, 0xffff_ffff, samples[0]!)), String(status.RESOURCE_EXHAUSTED));
    const timeout = fc.constantFrom<Record<string, string>>({}, { "grpc-timeout": "1n" }, { "grpc-timeout": "99999999H" }, { "grpc-timeout": "never" }, { "grpc-encoding": "gzip" }, { "grpc-encoding": "zip" }, { "content-type": "text/plain" });
    await fc.assert(fc.asyncProperty(fc.tuple(fc.nat(2), fc.nat(100_000), someBytes), timeout, async ([flag, length, body], headers) => {
      const answer = await post(session, frame(flag, length, body), { ...headers });
      assert.match(answer, /^(?:\d+|reset \d+)$/u);
    }), { numRuns: rounds / 4 });
    session.destroy();
    await servesStill(lab);
  }).timeout(patience);

  it("withstands connections that speak anything else, and streams that are reset at once", async () => {
    await using plain = await openLab(agreeing(), sidecar);
    await using tls = await openLab();
    const identity = await mintIdentity(tls.root, [tls.root]);
    await fc.assert(fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 2000 }), fc.boolean(), fc.constantFrom(plain, tls), async (bytes, preface, { server }) => {
      const socket = connect(server.address.port, "127.0.0.1");
      socket.on("error", () => undefined);
      const closed = new Promise((resolve) => socket.once("close", resolve));
      socket.end(Buffer.concat([Buffer.from(preface ? "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" : ""), bytes])).resume();
      await closed;
    }), { numRuns: Math.max(100, rounds / 10) });
    const session = connectHttp2(`http://127.0.0.1:${plain.server.address.port}`);
    session.on("error", () => undefined);
    for (let stream = 0; stream < 500; stream += 1) session.request({ ":method": "POST", ":path": paths[0], "content-type": "application/grpc", "te": "trailers" }).on("error", () => undefined).close(constants.NGHTTP2_CANCEL);
    await new Promise((resolve) => session.close(() => resolve(undefined)));
    await servesStill(plain);
    const outcome = await tls.client(() => identity).register(registerAsk, AbortSignal.timeout(5000));
    assert.ok(outcome.ok);
  }).timeout(patience);
});
