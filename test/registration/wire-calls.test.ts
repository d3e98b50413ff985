import assert from "node:assert/strict";
import { credentials, Metadata, type ClientReadableStream, type ServiceError } from "@grpc/grpc-js";
import { AsyncQueue } from "../../src/base/async-queue.ts";
import { decodeRefusal } from "../../src/registration/error-details.ts";
import { RegistrationClient as RawClient, RegisterRequest, type RegisterResponse, type WatchEvent } from "../../src/registration/generated/registration.ts";
import { encodeRegister } from "../../src/registration/messages-calls.ts";
import { refuseCall } from "../../src/registration/reasons.ts";
import { agreeing, machineId, mintIdentity, openLab, registerAsk, renewAsk, serverName, type Lab } from "./wire-lab.ts";

const soon = (): AbortSignal => AbortSignal.timeout(8000);
const sidecar = { auth: { kind: "sidecar" } as const };

/** The library's own client: what our client would never send. */
function rawClient({ server }: Lab, channel = credentials.createInsecure(), options = {}): RawClient & Disposable {
  const client = new RawClient(`${server.address.host}:${server.address.port}`, channel, options);
  return Object.assign(client, { [Symbol.dispose]: () => client.close() });
}

async function register(client: RawClient, headers: readonly (readonly [string, string])[], request = encodeRegister(registerAsk)): Promise<RegisterResponse | ServiceError> {
  const metadata = new Metadata();
  for (const [name, value] of headers) metadata.add(name, value);
  return new Promise((resolve) => client.register(request, metadata, (error, answer) => resolve(error ?? answer)));
}

describe("registration wire behind a mesh proxy", () => {
  it("takes the caller from l5d-client-id, and nobody without one", async () => {
    await using lab = await openLab(agreeing(), sidecar);
    using client = rawClient(lab);
    const joined = await register(client, [["l5d-client-id", machineId]]);
    assert.equal((joined as RegisterResponse).identity, machineId);
    for (const headers of [[], [["l5d-client-id", "default.ns.serviceaccount.identity.linkerd.cluster.local"]], [["l5d-client-id", machineId], ["l5d-client-id", machineId]], [["L5D-Client-Id-2", machineId]]] as const) {
      const refusal = decodeRefusal((await register(client, headers)) as ServiceError);
      assert.deepEqual([refusal.reason, refusal.code, refusal.next], ["NO_IDENTITY", "UNAUTHENTICATED", "backoff"], JSON.stringify(headers));
    }
  });

  it("is no way around the certificate: in TLS mode the header says nothing", async () => {
    await using lab = await openLab();
    const { cert, key } = (await mintIdentity(lab.root, [lab.root])).tlsCredentials();
    const channel = credentials.createSsl(Buffer.from(lab.root.certificate.toString("pem")), Buffer.from(key), Buffer.from(cert));
    using client = rawClient(lab, channel, { "grpc.ssl_target_name_override": serverName, "grpc.default_authority": serverName });
    const joined = await register(client, [["l5d-client-id", "spiffe://root.linkerd.cluster.local/admin"]]);
    assert.equal((joined as RegisterResponse).identity, machineId);
  });

  it("refuses a message that is too large and goes on serving the same connection", async () => {
    await using lab = await openLab(agreeing(), sidecar);
    using client = rawClient(lab);
    const large = RegisterRequest.decode(RegisterRequest.encode({ ...encodeRegister(registerAsk), hostname: "x".repeat(70_000) }).finish());
    assert.equal(((await register(client, [["l5d-client-id", machineId]], large)) as ServiceError).code, 8);
    assert.equal(((await register(client, [["l5d-client-id", machineId]])) as RegisterResponse).identity, machineId);
  });
});

describe("registration calls", () => {
  it("end when their caller gives up, with the caller's reason; the handler is told", async () => {
    const [arrived, told] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await using lab = await openLab(agreeing({
      renew: async (_request, _caller, signal) => {
        signal.addEventListener("abort", () => told.resolve(), { once: true });
        arrived.resolve();
        return new Promise<never>(() => undefined);
      },
    }));
    const identity = await mintIdentity(lab.root, [lab.root]);
    const giveUp = new AbortController();
    const call = lab.client(() => identity).renew(renewAsk, giveUp.signal);
    await arrived.promise;
    giveUp.abort(new Error("stopping"));
    await assert.rejects(call, /^Error: stopping$/u);
    await told.promise;
    await assert.rejects(lab.client(() => identity).renew(renewAsk, giveUp.signal), /^Error: stopping$/u);
  });

  it("whose handler takes too long are answered all the same", async () => {
    await using lab = await openLab(agreeing({ renew: () => new Promise<never>(() => undefined) }), { callLimit: 50 });
    const identity = await mintIdentity(lab.root, [lab.root]);
    const outcome = await lab.client(() => identity).renew(renewAsk, soon());
    assert.ok(!outcome.ok);
    assert.deepEqual([outcome.refusal.reason, outcome.refusal.message], ["UNAVAILABLE", "The registration service took too long."]);
  });

  it("under way end well when the server drains, and no new ones come", async () => {
    const [arrived, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    await using lab = await openLab(agreeing({
      deregister: async () => {
        arrived.resolve();
        await release.promise;
        return { ok: true, answer: { drainFor: { seconds: 1n, nanos: 0 } } };
      },
    }));
    const identity = await mintIdentity(lab.root, [lab.root]);
    const underWay = lab.client(() => identity).deregister({ ...renewAsk, mode: "drain" }, soon());
    await arrived.promise;
    const drained = lab.server.drain(5000);
    const refused = await lab.client(() => identity).renew(renewAsk, soon());
    assert.ok(!refused.ok && refused.refusal.code === "UNAVAILABLE");
    release.resolve();
    assert.deepEqual(await underWay, { ok: true, answer: 1000 });
    await drained;
    assert.equal(lab.server.counts().connections, 0);
  });

  it("that never end do not keep a server from closing after its grace", async () => {
    const arrived = Promise.withResolvers<void>();
    await using lab = await openLab(agreeing({
      renew: () => {
        arrived.resolve();
        return new Promise<never>(() => undefined);
      },
    }));
    const identity = await mintIdentity(lab.root, [lab.root]);
    const call = lab.client(() => identity).renew(renewAsk, soon());
    await arrived.promise;
    await lab.server.drain(50);
    const outcome = await call;
    assert.ok(!outcome.ok && outcome.refusal.next === "backoff");
  });
});

describe("registration watch", () => {
  const watch = (client: RawClient): { readonly stream: ClientReadableStream<WatchEvent>; readonly hints: unknown[]; readonly ended: Promise<ServiceError | undefined> } => {
    const metadata = new Metadata();
    metadata.add("l5d-client-id", machineId);
    const stream = client.watch({ workloadNamespace: "shop", workloadName: "orders-1", leaseToken: "t" }, metadata);
    const hints: unknown[] = [];
    stream.on("data", (hint: WatchEvent) => hints.push(hint.e));
    const ended = new Promise<ServiceError | undefined>((resolve) => stream.on("end", () => resolve(undefined)).on("error", resolve));
    return { stream, hints, ended };
  };

  it("brings hints as they come, and at the drain the word that the server drains", async () => {
    const hints = new AsyncQueue<WatchEvent>();
    await using lab = await openLab(agreeing({ watch: async () => ({ ok: true, answer: hints }) }), sidecar);
    using client = rawClient(lab);
    const watching = watch(client);
    hints.push({ e: { $case: "configVersion", value: "c2" } });
    await new Promise((resolve) => watching.stream.once("data", resolve));
    await lab.server.drain(2000);
    assert.equal(await watching.ended, undefined);
    assert.deepEqual(watching.hints, [{ $case: "configVersion", value: "c2" }, { $case: "serverDraining", value: true }]);
  });

  it("is refused like any call, and ends when there are no more hints", async () => {
    const hints = new AsyncQueue<WatchEvent>();
    hints.end();
    let refuse = true;
    await using lab = await openLab(agreeing({ watch: async () => (refuse ? { ok: false, refusal: refuseCall("WORKLOAD_GONE", "Gone.") } : { ok: true, answer: hints }) }), sidecar);
    using client = rawClient(lab);
    const error = await watch(client).ended;
    assert.ok(error !== undefined && decodeRefusal(error).reason === "WORKLOAD_GONE");
    refuse = false;
    const over = watch(client);
    assert.equal(await over.ended, undefined);
    assert.deepEqual(over.hints, []);
  });

  it("tells its handler when the machine is gone", async () => {
    const told = Promise.withResolvers<void>();
    await using lab = await openLab(agreeing({
      watch: async (_request, _caller, signal) => {
        signal.addEventListener("abort", () => told.resolve(), { once: true });
        const hints = new AsyncQueue<WatchEvent>();
        hints.push({ e: { $case: "workloadGone", value: true } });
        return { ok: true, answer: hints };
      },
    }), sidecar);
    using client = rawClient(lab);
    const { stream, ended } = watch(client);
    await new Promise((resolve) => stream.once("data", resolve));
    stream.cancel();
    await told.promise;
    assert.equal((await ended)?.code, 1);
  });
});
