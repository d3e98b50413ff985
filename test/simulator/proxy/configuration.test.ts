import assert from "node:assert/strict";
import fc from "fast-check";
import type { ErrorCode } from "../../../src/model/error-catalogue.ts";
import { isMeshError } from "../../../src/model/errors.ts";
import { Authority } from "../../../src/simulator/issuer/authority.ts";
import { parseProxyConfiguration, type ProxyConfiguration } from "../../../src/simulator/proxy/configuration.ts";

describe("the environment of the small proxy", () => {
  let good: Readonly<Record<string, string>>;

  before(async () => {
    good = {
      IDENTITY_SERVER_ID: "spiffe://mesh.test/machine", IDENTITY_SERVER_NAME: "machine.mesh.test",
      IDENTITY_TRUST_ANCHORS: (await Authority.create("mesh.test", new Date())).rootPem,
      IDENTITY_SPIRE_WORKLOAD_API_ADDRESS: "unix:///run/agent.sock",
      DESTINATION_SVC_ADDR: "dst.linkerd.test:8086", DESTINATION_SVC_NAME: "dst", POLICY_SVC_ADDR: "10.0.0.1:8090", POLICY_SVC_NAME: "pol", POLICY_WORKLOAD: "{}",
    };
  });

  it("has linkerd2-proxy's defaults", () => {
    const { trustAnchors: _, ...rest } = parse({});
    assert.deepEqual(rest, {
      identity: "spiffe://mesh.test/machine", serverName: "machine.mesh.test", workloadApi: "unix:///run/agent.sock",
      destination: { ip: "dst.linkerd.test", port: 8086, name: "dst" }, policy: { ip: "10.0.0.1", port: 8090, name: "pol" },
      workload: "{}", context: "", profileNetworks: [],
      inbound: { ip: "0.0.0.0", port: 4143 }, outbound: [{ ip: "127.0.0.1", port: 4140 }], admin: { ip: "127.0.0.1", port: 4191 },
      defaultPolicy: "all-unauthenticated", clusterNetworks: [], inboundIps: [], shutdownEndpoint: false, shutdownGrace: 120_000,
    });
  });

  const takes: readonly [name: string, text: string, pick: (configuration: ProxyConfiguration) => unknown, value: unknown][] = [
    ["POLICY_WORKLOAD", "", ({ workload }) => workload, ""],
    ["OUTBOUND_LISTEN_ADDR", "127.0.0.1:5140", ({ outbound }) => outbound, [{ ip: "127.0.0.1", port: 5140 }]],
    ["OUTBOUND_LISTEN_ADDRS", "127.0.0.1:4140,[::1]:4140", ({ outbound }) => outbound, [{ ip: "127.0.0.1", port: 4140 }, { ip: "::1", port: 4140 }]],
    ["SHUTDOWN_GRACE_PERIOD", "0", ({ shutdownGrace }) => shutdownGrace, 0],
    ["SHUTDOWN_GRACE_PERIOD", "2d", ({ shutdownGrace }) => shutdownGrace, 172_800_000],
    ["SHUTDOWN_GRACE_PERIOD", "1500ms", ({ shutdownGrace }) => shutdownGrace, 1500],
    ["SHUTDOWN_ENDPOINT_ENABLED", "true", ({ shutdownEndpoint }) => shutdownEndpoint, true],
    ["INBOUND_IPS", "10.0.0.5,FD00:0::5", ({ inboundIps }) => inboundIps, ["10.0.0.5", "fd00::5"]],
    ["DESTINATION_PROFILE_NETWORKS", "10.0.0.0/8,fd00::/8", ({ profileNetworks }) => profileNetworks, ["10.0.0.0/8", "fd00::/8"]],
    ["DESTINATION_PROFILE_NETWORKS", "10.1.2.3/8", ({ profileNetworks }) => profileNetworks, ["10.1.2.3/8"]],
    ["DESTINATION_CONTEXT", "token", ({ context }) => context, "token"],
  ];
  for (const [name, text, pick, value] of takes) {
    it(`takes ${name}=${text}`, () => assert.deepEqual(pick(parse({ [name]: text })), value));
  }

  it("needs no TLS name for a control plane on a loopback address, and of two outbound variables takes the newer", () => {
    assert.equal(parse({ POLICY_SVC_ADDR: "127.0.0.1:8090", POLICY_SVC_NAME: undefined }).policy.ip, "127.0.0.1");
    assert.equal(parse({ OUTBOUND_LISTEN_ADDR: "127.0.0.1:1", OUTBOUND_LISTEN_ADDRS: "127.0.0.1:2" }).outbound[0]?.port, 2);
  });

  const required = ["IDENTITY_SERVER_ID", "IDENTITY_SERVER_NAME", "IDENTITY_TRUST_ANCHORS", "IDENTITY_SPIRE_WORKLOAD_API_ADDRESS", "DESTINATION_SVC_ADDR", "DESTINATION_SVC_NAME", "POLICY_SVC_ADDR", "POLICY_SVC_NAME"];
  for (const name of required) {
    it(`needs ${name}: empty is as good as missing`, () => {
      refuses({ [name]: undefined }, name);
      refuses({ [name]: "" }, name);
    });
  }

  const refused: readonly [name: string, text: string | undefined, others?: Readonly<Record<string, string>>][] = [
    ["POLICY_WORKLOAD", undefined],
    ["IDENTITY_SERVER_ID", "machine.mesh.test"],
    ["ADMIN_LISTEN_ADDR", "localhost:4191"], ["ADMIN_LISTEN_ADDR", ""], ["ADMIN_LISTEN_ADDR", ":4191"], ["INBOUND_LISTEN_ADDR", "0.0.0.0"],
    ["OUTBOUND_LISTEN_ADDRS", "127.0.0.1:1,127.0.0.1:2,127.0.0.1:3"], ["OUTBOUND_LISTEN_ADDRS", ""],
    ["INBOUND_DEFAULT_POLICY", "all"], ["POLICY_CLUSTER_NETWORKS", "10.0.0.1"],
    ["POLICY_CLUSTER_NETWORKS", "", { INBOUND_DEFAULT_POLICY: "cluster-authenticated" }], ["POLICY_CLUSTER_NETWORKS", undefined, { INBOUND_DEFAULT_POLICY: "audit" }],
    ["INBOUND_IPS", "here"], ["DESTINATION_PROFILE_NETWORKS", "10.0.0.0/33"], ["DESTINATION_PROFILE_NETWORKS", "10.0.0.1"],
    ["SHUTDOWN_ENDPOINT_ENABLED", "yes"],
    ["SHUTDOWN_GRACE_PERIOD", "1m30s"], ["SHUTDOWN_GRACE_PERIOD", "1.5s"], ["SHUTDOWN_GRACE_PERIOD", "5"], ["SHUTDOWN_GRACE_PERIOD", ""], ["SHUTDOWN_GRACE_PERIOD", "5 s"],
  ];
  for (const [name, text, others] of refused) {
    it(`refuses ${name}=${text ?? "(missing)"}${others === undefined ? "" : ` with ${JSON.stringify(others)}`}`, () => refuses({ ...others, [name]: text }, name));
  }

  it("tells trust roots without a certificate apart, as linkerd2-proxy ends with another code then", () => {
    refuses({ IDENTITY_TRUST_ANCHORS: "/etc/roots.pem" }, "IDENTITY_TRUST_ANCHORS", "SMALL_PROXY_START");
  });

  it("takes every duration of one number and one unit, and says of everything else which variable it was", () => {
    const sizes = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
    fc.assert(fc.property(fc.nat(1_000_000), fc.constantFrom("ms", "s", "m", "h", "d"), (count, unit) => {
      assert.equal(parse({ SHUTDOWN_GRACE_PERIOD: `${count}${unit}` }).shutdownGrace, count * sizes[unit]);
    }));
    fc.assert(fc.property(fc.constantFrom(...Object.keys(good), "INBOUND_LISTEN_ADDR", "INBOUND_IPS", "POLICY_CLUSTER_NETWORKS"), fc.string(), (name, text) => {
      try {
        parse({ [name]: text });
      } catch (error) {
        assert.ok(isMeshError(error) && error.target === `LINKERD2_PROXY_${name}`, String(error));
      }
    }));
  });

  function parse(changes: Readonly<Record<string, string | undefined>>): ProxyConfiguration {
    return parseProxyConfiguration(Object.fromEntries(Object.entries({ ...good, ...changes }).map(([name, value]) => [`LINKERD2_PROXY_${name}`, value])));
  }

  function refuses(changes: Readonly<Record<string, string | undefined>>, name: string, code: ErrorCode = "SMALL_PROXY_ENVIRONMENT"): void {
    assert.throws(() => parse(changes), (error) => isMeshError(error, code) && error.target === `LINKERD2_PROXY_${name}`);
  }
});
