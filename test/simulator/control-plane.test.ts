import "reflect-metadata";
import assert from "node:assert/strict";
import { once } from "node:events";
import { Client, credentials as grpcCredentials, status, type ChannelCredentials } from "@grpc/grpc-js";
import { connect as connectHttp2 } from "node:http2";
import { connect as connectTls } from "node:tls";
import { encodeEndpoint } from "../../src/linkerd/addresses.ts";
import { DestinationClient, type DestinationProfile, type Update } from "../../src/linkerd/generated/destination.ts";
import { InboundServerPoliciesClient, type Server as PortPolicy } from "../../src/linkerd/generated/inbound.ts";
import { OutboundPoliciesClient, type OutboundPolicy } from "../../src/linkerd/generated/outbound.ts";
import type { Access } from "../../src/linkerd/inbound-policy.ts";
import { systemClock } from "../../src/platform/node/clock.ts";
import { ControlPlane, type ControlService } from "../../src/simulator/control-plane.ts";
import type { Cluster } from "../../src/simulator/cluster.ts";
import { Authority, type Credentials } from "../../src/simulator/issuer/authority.ts";
import { findPort } from "../support/find-port.ts";

const name = "linkerd-destination.linkerd.serviceaccount.identity.linkerd.cluster.local";
const workload = JSON.stringify({ ns: "apps", external_workload: "vm" });
const authority = await Authority.create("mesh.test", new Date());
const life = { notBefore: new Date(), ttl: 3_600_000 };
const own = await authority.issue({ identity: name }, life);

/** A stream of the control plane as its caller reads it. */
interface Stream<T> extends AsyncIterable<T> {
  cancel(): void;
}

class Bench implements AsyncDisposable {
  access: Access = "mesh";
  readonly plane: ControlPlane;
  readonly port: number;
  readonly #clients: Client[] = [];
  readonly #channel: ChannelCredentials;

  private constructor(service: ControlService, port: number, credentials: Credentials | undefined) {
    this.port = port;
    this.plane = new ControlPlane({ service, clock: systemClock, listen: { ip: "127.0.0.1", port }, rootPem: authority.rootPem, credentials, cluster: () => this.#cluster() });
    this.#channel = credentials === undefined ? grpcCredentials.createInsecure()
      : grpcCredentials.createSsl(Buffer.from(authority.rootPem), Buffer.from(own.keyPem), Buffer.from(own.chainPem));
  }

  static async open(service: ControlService, credentials?: Credentials): Promise<Bench> {
    const bench = new Bench(service, await findPort(), credentials);
    await bench.plane.open();
    return bench;
  }

  client<C extends Client>(kind: new (address: string, credentials: ChannelCredentials, options: object) => C): C {
    const client = new kind(`127.0.0.1:${this.port}`, this.#channel, { "grpc.ssl_target_name_override": name, "grpc.use_local_subchannel_pool": 1 });
    this.#clients.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.plane[Symbol.asyncDispose]();
  }

  #cluster(): Cluster {
    const endpoint = { ip: "10.0.0.1", port: 8080, identity: "echo.test", serverName: "echo.test", inboundPort: 4143, http2: false };
    return {
      domain: "cluster.local",
      services: [
        { name: "echo", namespace: "apps", address: { ip: "10.1.0.1", port: 80 }, endpoints: [endpoint] },
        { name: "empty", namespace: "apps", address: { ip: "10.1.0.2", port: 80 }, endpoints: [] },
      ],
      workloads: [{ name: "vm", namespace: "apps", address: "10.0.0.2", access: new Map([[8080, this.access]]) }],
    };
  }
}

function ask(path: string): { scheme: string; path: string; contextToken: string } {
  return { scheme: "k8s", path, contextToken: "" };
}

/** The first message of a stream. */
async function first<T>(stream: Stream<T>): Promise<T> {
  for await (const message of stream) {
    stream.cancel();
    return message;
  }
  throw new Error("the stream ended without a message");
}

function kindsOf(policy: PortPolicy): readonly (string | undefined)[] {
  return policy.authorizations.map(({ authentication }) => authentication?.permit?.$case);
}

describe("simulator: destination service", () => {
  for (const [how, credentials] of [["in plaintext", undefined], ["over TLS", own]] as const) {
    it(`tells endpoints and profiles ${how}`, async () => {
      await using bench = await Bench.open("destination", credentials);
      const client = bench.client(DestinationClient);
      const update: Update = await first(client.get(ask("echo.apps.svc.cluster.local:80")));
      assert.equal(update.update?.$case, "add");
      assert.deepEqual(update.update.value.addrs.map(({ addr }) => addr), [encodeEndpoint({ ip: "10.0.0.1", port: 8080 })]);
      const profile: DestinationProfile = await first(client.getProfile(ask("10.1.0.1:80")));
      assert.equal(profile.fullyQualifiedName, "echo.apps.svc.cluster.local");
      const direct: DestinationProfile = await first(client.getProfile(ask("10.0.0.1:8080")));
      assert.deepEqual({ opaque: direct.opaqueProtocol, port: direct.endpoint?.addr?.port }, { opaque: true, port: 8080 });
    });
  }

  it("tells that a Service has no endpoints", async () => {
    await using bench = await Bench.open("destination");
    assert.deepEqual(await first(bench.client(DestinationClient).get(ask("empty.apps.svc.cluster.local:80"))), { update: { $case: "noEndpoints", value: { exists: true } } });
  });

  it("refuses names and addresses that it does not know, by the codes of Linkerd", async () => {
    await using bench = await Bench.open("destination");
    const client = bench.client(DestinationClient);
    await assert.rejects(first(client.get(ask("other.apps.svc.cluster.local:80"))), { code: status.NOT_FOUND });
    for (const path of ["192.0.2.1:80", "[fd00::1]:80", "nonsense"]) await assert.rejects(first(client.getProfile(ask(path))), { code: status.INVALID_ARGUMENT });
  });

  it("takes a caller of TLS that offers no ALPN, as linkerd2-proxy does", async () => {
    await using bench = await Bench.open("destination", own);
    const socket = connectTls({ host: "127.0.0.1", port: bench.port, servername: name, ca: authority.rootPem, cert: own.chainPem, key: own.keyPem });
    await once(socket, "secureConnect");
    assert.equal(socket.alpnProtocol, false);
    const session = connectHttp2("http://control", { createConnection: () => socket });
    const call = session.request({ ":method": "POST", ":path": "/io.linkerd.proxy.destination.Destination/Get", "content-type": "application/grpc", te: "trailers" });
    // An empty question: a frame without compression and without bytes.
    call.end(Buffer.alloc(5));
    call.resume();
    const [headers] = await once(call, "response") as [Record<string, unknown>];
    assert.equal(headers[":status"], 200);
    session.destroy();
    await once(socket, "close");
  });

  it("keeps out who has no certificate of the mesh", async () => {
    await using bench = await Bench.open("destination", own);
    const stranger = await (await Authority.create("mesh.test", new Date())).issue({ identity: name }, life);
    for (const who of [{}, { cert: stranger.chainPem, key: stranger.keyPem }]) {
      const socket = connectTls({ host: "127.0.0.1", port: bench.port, servername: name, ca: authority.rootPem, ...who });
      socket.on("secureConnect", () => socket.write("PRI * HTTP/2.0"));
      const ended = Promise.withResolvers<string>();
      socket.on("error", () => ended.resolve("refused")).on("close", () => ended.resolve("refused")).on("data", () => ended.resolve("let in"));
      assert.equal(await ended.promise, "refused");
      socket.destroy();
    }
  });

  it("ends open streams when cut, and serves the next", async () => {
    await using bench = await Bench.open("destination");
    const client = bench.client(DestinationClient);
    const stream = client.get(ask("echo.apps.svc.cluster.local:80"));
    await once(stream, "data");
    const ended = once(stream, "error");
    bench.plane.cut();
    assert.equal((await ended.catch((error: unknown) => [error]))[0].code, status.UNAVAILABLE);
    assert.equal((await first(client.get(ask("echo.apps.svc.cluster.local:80")))).update?.$case, "add");
  });

  it("refuses connections when closed, ends the open ones, and opens again at the same port", async () => {
    await using bench = await Bench.open("destination");
    const stream = bench.client(DestinationClient).get(ask("echo.apps.svc.cluster.local:80"));
    await once(stream, "data");
    const ended = once(stream, "error");
    await bench.plane.close();
    await ended;
    await assert.rejects(first(bench.client(DestinationClient).get(ask("echo.apps.svc.cluster.local:80"))), { code: status.UNAVAILABLE });
    await bench.plane.open();
    await bench.plane.open();
    assert.equal((await first(bench.client(DestinationClient).get(ask("echo.apps.svc.cluster.local:80")))).update?.$case, "add");
  });

  it("answers late when slow", async () => {
    await using bench = await Bench.open("destination");
    bench.plane.slow(200);
    const began = performance.now();
    await first(bench.client(DestinationClient).get(ask("echo.apps.svc.cluster.local:80")));
    assert.ok(performance.now() - began >= 195);
  });
});

describe("simulator: policy service", () => {
  it("tells the policy of a port, and each change of it on the open stream", async () => {
    await using bench = await Bench.open("policy");
    const stream = bench.client(InboundServerPoliciesClient).watchPort({ workload, port: 8080 });
    stream.on("error", () => undefined);
    const seen: (readonly (string | undefined)[])[] = [];
    for (const access of ["mesh", [], "all"] as const) {
      bench.access = access;
      if (seen.length > 0) bench.plane.refresh();
      seen.push(kindsOf((await once(stream, "data"))[0] as PortPolicy));
    }
    stream.cancel();
    assert.deepEqual(seen, [["meshTls"], [], ["unauthenticated"]]);
  });

  it("tells a policy once too, and that it knows no other workload", async () => {
    await using bench = await Bench.open("policy");
    const client = bench.client(InboundServerPoliciesClient);
    const get = (token: string): Promise<PortPolicy> => new Promise((resolve, reject) => {
      client.getPort({ workload: token, port: 8080 }, (error, answer) => (error === null ? resolve(answer) : reject(error)));
    });
    assert.deepEqual(kindsOf(await get(workload)), ["meshTls"]);
    await assert.rejects(get("other"), { code: status.NOT_FOUND });
    await assert.rejects(first(client.watchPort({ workload: "other", port: 8080 })), { code: status.NOT_FOUND });
  });

  it("tells where connections go, and nothing of addresses that are not the cluster's", async () => {
    await using bench = await Bench.open("policy");
    const client = bench.client(OutboundPoliciesClient);
    const watch = (ip: string): Promise<OutboundPolicy> => first(client.watch({ sourceWorkload: workload, target: { $case: "addr", value: encodeEndpoint({ ip, port: 80 }) } }));
    assert.equal((await watch("10.1.0.1")).protocol?.kind?.$case, "detect");
    await assert.rejects(watch("192.0.2.1"), { code: status.NOT_FOUND });
  });
});
