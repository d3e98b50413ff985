import assert from "node:assert/strict";
import { once } from "node:events";
import { duplexPair, type Duplex } from "node:stream";
import { encodeWeightedAddr, type MeshedEndpoint } from "../../../src/linkerd/outbound-policy.ts";
import { systemClock } from "../../../src/platform/node/clock.ts";
import type { Cluster } from "../../../src/simulator/cluster.ts";
import { ControlPlane } from "../../../src/simulator/control-plane.ts";
import { Authority, type Credentials } from "../../../src/simulator/issuer/authority.ts";
import { EchoPeer, type Echo } from "../../../src/simulator/mesh/peer.ts";
import { ControlClient, type ControlOptions } from "../../../src/simulator/proxy/control-client.ts";
import { planDialling, serveOutbound } from "../../../src/simulator/proxy/outbound.ts";
import { findPort } from "../../support/find-port.ts";

const life = { notBefore: new Date(), ttl: 600_000 };
const machine = "spiffe://mesh.test/machine";
const dnsName = "echo.default.serviceaccount.identity.linkerd.cluster.local";
const uri = "spiffe://mesh.test/echo";
const serverName = "echo.mesh.test";
const workload = JSON.stringify({ ns: "mixed-env", external_workload: "external-workload" });
const addresses = { dns: "10.90.1.1", uri: "10.90.1.2", empty: "10.90.1.3", impostor: "10.90.1.4" };

describe("small proxy, outbound, over real TLS and a real control plane", () => {
  const stack = new AsyncDisposableStack();
  let own: Credentials;
  let rootPem: string;
  let cluster: Cluster;
  let options: ControlOptions;
  let policy: ControlPlane;
  let echo: MeshedEndpoint;

  before(async () => {
    const authority = await Authority.create("mesh.test", new Date());
    own = await authority.issue({ identity: machine }, life);
    rootPem = authority.rootPem;
    const listen = (port: number): { ip: string; port: number } => ({ ip: "127.0.0.1", port });
    const peers = await Promise.all([
      { identity: dnsName, also: [], serverName: dnsName },
      { identity: uri, also: [serverName], serverName },
    ].map(async ({ identity, also, serverName: name }) => {
      const endpoint = { ip: "127.0.0.1", port: 8080, identity, serverName: name, inboundPort: await findPort(), http2: false };
      const peer = stack.use(new EchoPeer({ name: identity, listen: listen(endpoint.inboundPort), rootPem, credentials: await authority.issue({ identity, also }, life) }));
      await peer.open();
      return endpoint;
    }));
    const [byDns, byUri] = peers as [MeshedEndpoint, MeshedEndpoint];
    echo = byUri;
    const service = (address: string, endpoints: readonly MeshedEndpoint[]): Cluster["services"][number] => ({ name: `echo-${address.at(-1) ?? ""}`, namespace: "default", address: { ip: address, port: 80 }, endpoints });
    cluster = {
      domain: "cluster.local", workloads: [],
      services: [service(addresses.dns, [byDns]), service(addresses.uri, [byUri]), service(addresses.empty, []), service(addresses.impostor, [{ ...byUri, identity: "spiffe://mesh.test/somebody-else" }])],
    };
    const [destinationPort, policyPort] = [await findPort(), await findPort()];
    const shared = { clock: systemClock, rootPem, credentials: undefined, cluster: () => cluster };
    const destination = stack.use(new ControlPlane({ ...shared, service: "destination", listen: listen(destinationPort) }));
    policy = stack.use(new ControlPlane({ ...shared, service: "policy", listen: listen(policyPort) }));
    await Promise.all([destination.open(), policy.open()]);
    options = { destination: { ...listen(destinationPort), name: "x" }, policy: { ...listen(policyPort), name: "x" }, workload, context: "", profileNetworks: [], random: () => 0 };
  });

  after(() => stack.disposeAsync());

  for (const [form, address, identity] of [["DNS-like", addresses.dns, dnsName], ["URI-like", addresses.uri, uri]] as const) {
    it(`reaches a Service whose endpoint has a ${form} identity, over mTLS as the machine`, async () => {
      const answer = await ask(address);
      assert.deepEqual({ server: answer.server, identity: answer.identity, port: answer.port, alpn: answer.alpn, tls: answer.tlsVersion },
        { server: identity, identity: machine, port: 8080, alpn: "transport.l5d.io/v1", tls: "TLSv1.3" });
    });
  }

  it("refuses an endpoint that is not who discovery says", async () => {
    await assert.rejects(ask(addresses.impostor), /not spiffe:\/\/mesh\.test\/somebody-else/);
  });

  it("refuses a Service without endpoints, a loopback address, and everything without a certificate", async () => {
    await assert.rejects(ask(addresses.empty), /has no endpoint/);
    await assert.rejects(ask("127.0.0.1"), /loopback/);
    await assert.rejects(ask("::1"), /loopback/);
    const [, near] = duplexPair();
    await assert.rejects(serveOutbound({ material: () => undefined, control: () => undefined, localIps: [] }, near, { ip: addresses.dns, port: 80 }), /no certificate yet/);
  });

  it("lets go where it was going what the cluster does not know", async () => {
    using control = new ControlClient(options, material());
    assert.deepEqual(await control.readRoute({ ip: "203.0.113.7", port: 443 }), { kind: "plain" });
  });

  it("asks for a profile inside the profile networks alone, and goes to its endpoint when there is no policy", async () => {
    const pod = { ip: "10.42.0.9", port: 8080 };
    const known = cluster;
    await using unknowing = await openPolicyOf({ domain: "cluster.local", services: [], workloads: [] });
    cluster = { ...known, services: [...known.services, { name: "pod", namespace: "default", address: { ip: "10.90.1.9", port: 80 }, endpoints: [{ ...echo, ...pod }] }] };
    try {
      for (const [networks, kind] of [[["10.42.0.0/16"], "endpoint"], [["10.43.0.0/16"], "plain"], [[], "plain"]] as const) {
        using control = new ControlClient({ ...options, policy: unknowing.address, profileNetworks: networks }, material());
        const route = await control.readRoute(pod);
        assert.equal(route.kind, kind, networks.join());
        if (route.kind === "endpoint") assert.deepEqual(planDialling(route.endpoint, []), { to: { ip: pod.ip, port: echo.inboundPort }, peer: { identity: uri, serverName, port: 8080 } });
      }
    } finally {
      cluster = known;
    }
  });

  it("waits for a policy service that is away, and is served when it comes back", async () => {
    await policy.close();
    const answer = ask(addresses.dns);
    await policy.open();
    assert.equal((await answer).server, dnsName);
  });

  it("gives up after three seconds when it stays away", async () => {
    using control = new ControlClient({ ...options, policy: { ip: "127.0.0.1", port: await findPort(), name: "x" } }, material());
    const began = performance.now();
    const route = await control.readRoute({ ip: addresses.dns, port: 80 });
    assert.equal(route.kind, "failed");
    assert.ok(performance.now() - began < 3500, "it took longer");
  }).timeout(6000);

  it("answers a question that is under way when a new certificate closes its client", async () => {
    policy.slow(200);
    const control = new ControlClient(options, material());
    const route = control.readRoute({ ip: addresses.dns, port: 80 });
    control[Symbol.dispose]();
    assert.equal((await route).kind, "endpoint");
    policy.slow(0);
    // Closed now: asking again fails at once instead of in the dark.
    await assert.rejects(control.readRoute({ ip: addresses.dns, port: 80 }), /shut down/i);
  });

  function material(): { cert: string; key: string; ca: string } {
    return { cert: own.chainPem, key: own.keyPem, ca: rootPem };
  }

  /** What an application sees that asks an address through the proxy. */
  async function ask(ip: string): Promise<Echo> {
    const [application, near] = duplexPair();
    using control = new ControlClient(options, material());
    const serving = serveOutbound({ material, control: () => control, localIps: [] }, near, { ip, port: 80 });
    serving.catch(() => application.destroy());
    const [answer] = await Promise.all([requestOver(application), serving]);
    return JSON.parse(answer.split("\r\n\r\n")[1] ?? "") as Echo;
  }

  async function openPolicyOf(other: Cluster): Promise<AsyncDisposable & { readonly address: ControlOptions["policy"] }> {
    const listen = { ip: "127.0.0.1", port: await findPort() };
    const plane = new ControlPlane({ service: "policy", listen, clock: systemClock, rootPem, credentials: undefined, cluster: () => other });
    await plane.open();
    return { address: { ...listen, name: "x" }, [Symbol.asyncDispose]: () => plane[Symbol.asyncDispose]() };
  }
});

describe("how an endpoint is reached", () => {
  const endpoint = { ip: "10.0.0.1", port: 80, identity: uri, serverName, inboundPort: 4143, http2: false };

  it("over its proxy's port, with the application's in the header", () => {
    assert.deepEqual(planDialling(encodeWeightedAddr(endpoint), []), { to: { ip: "10.0.0.1", port: 4143 }, peer: { identity: uri, serverName, port: 80 } });
  });

  it("in plaintext when it is on this machine, or its identity or TLS name is not known", () => {
    const full = encodeWeightedAddr(endpoint);
    const plain = { to: { ip: "10.0.0.1", port: 80 }, peer: undefined };
    assert.deepEqual(planDialling(full, ["10.0.0.1"]), plain);
    assert.deepEqual(planDialling({ ...full, tlsIdentity: undefined }, []), plain);
    assert.deepEqual(planDialling({ ...full, tlsIdentity: { strategy: { $case: "uriLikeIdentity", value: { uri } }, serverName: undefined } }, []), plain);
  });

  it("by its DNS-like identity's own name, and straight at its port without a proxy's", () => {
    const bare = { ...encodeWeightedAddr(endpoint), protocolHint: undefined, tlsIdentity: { strategy: { $case: "dnsLikeIdentity" as const, value: { name: dnsName } }, serverName: undefined } };
    assert.deepEqual(planDialling(bare, []), { to: { ip: "10.0.0.1", port: 80 }, peer: { identity: dnsName, serverName: dnsName, port: undefined } });
  });

  it("not at all without an address", () => {
    assert.throws(() => planDialling({ ...encodeWeightedAddr(endpoint), addr: undefined }, []), /no address/);
  });
});

async function requestOver(stream: Duplex): Promise<string> {
  let text = "";
  stream.on("data", (part) => (text += String(part))).on("error", () => undefined);
  const ended = Promise.race([once(stream, "end"), once(stream, "close")]);
  stream.write("GET / HTTP/1.1\r\nhost: echo\r\nconnection: close\r\n\r\n");
  await ended;
  stream.end();
  return text;
}
