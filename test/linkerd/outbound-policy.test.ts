import assert from "node:assert/strict";
import { WeightedAddr } from "../../src/linkerd/generated/destination.ts";
import { OutboundPolicy, type Backend } from "../../src/linkerd/generated/outbound.ts";
import { encodeOutboundPolicy, encodeWeightedAddr, type MeshedEndpoint, type OutboundTarget } from "../../src/linkerd/outbound-policy.ts";

const endpoint: MeshedEndpoint = { ip: "192.0.2.7", port: 8080, identity: "spiffe://mesh.test/vm", serverName: "vm.apps.mesh.test", inboundPort: 4143, http2: true };

/** What each of the three protocols is sent to, after its way over the wire. */
function listBackends(target: OutboundTarget): readonly (Backend | undefined)[] {
  const { protocol } = OutboundPolicy.decode(OutboundPolicy.encode(encodeOutboundPolicy(target)).finish());
  assert.equal(protocol?.kind?.$case, "detect");
  const { opaque, http1, http2 } = protocol.kind.value;
  const distributions = [opaque?.routes[0]?.rules[0]?.backends, http1?.routes[0]?.rules[0]?.backends, http2?.routes[0]?.rules[0]?.backends];
  return distributions.map((distribution) => (distribution?.kind?.$case === "firstAvailable" ? distribution.kind.value.backends[0]?.backend : undefined));
}

describe("linkerd: outbound policy", () => {
  it("sends every protocol to a Service by discovery of its name", () => {
    for (const backend of listBackends({ kind: "service", authority: "echo.apps.svc.cluster.local:80" })) {
      assert.equal(backend?.kind?.$case, "balancer");
      assert.deepEqual(backend.kind.value.discovery?.kind, { $case: "dst", value: { path: "echo.apps.svc.cluster.local:80" } });
      assert.equal(backend.kind.value.load?.$case, "peakEwma");
      assert.equal(backend.queue?.capacity, 100);
    }
  });

  it("sends every protocol straight to one endpoint", () => {
    for (const backend of listBackends({ kind: "endpoint", endpoint })) {
      assert.equal(backend?.kind?.$case, "forward");
      assert.equal(backend.kind.value.addr?.port, 8080);
    }
  });

  it("names an endpoint with a SPIFFE id as URI, another as DNS name", () => {
    const name = "echo.apps.serviceaccount.identity.linkerd.cluster.local";
    const identities = [endpoint, { ...endpoint, identity: name, serverName: name }].map((one) => WeightedAddr.decode(WeightedAddr.encode(encodeWeightedAddr(one)).finish()).tlsIdentity);
    assert.deepEqual(identities.map((one) => one?.strategy), [
      { $case: "uriLikeIdentity", value: { uri: "spiffe://mesh.test/vm" } }, { $case: "dnsLikeIdentity", value: { name } },
    ]);
    assert.deepEqual(identities.map((one) => one?.serverName?.name), ["vm.apps.mesh.test", name]);
  });

  it("tells where the endpoint's proxy listens, and whether HTTP travels as HTTP/2", () => {
    const hints = [true, false].map((http2) => encodeWeightedAddr({ ...endpoint, http2 }).protocolHint);
    assert.deepEqual(hints.map((hint) => hint?.protocol?.$case), ["h2", "opaque"]);
    assert.deepEqual(hints.map((hint) => hint?.opaqueTransport?.inboundPort), [4143, 4143]);
  });
});
