import assert from "node:assert/strict";
import { parse } from "yaml";
import { parseGroupManifest } from "../../../src/model/external-group-manifest.ts";
import type { ExternalGroup } from "../../../src/model/external-group.ts";
import { runInProcess, type Ran } from "../in-process.ts";
import { createImpatientHost } from "./lab.ts";

function run(words: readonly string[], { environment = {}, texts = {} }: { readonly environment?: Readonly<Record<string, string>>; readonly texts?: Readonly<Record<string, string>> } = {}): Promise<Ran> {
  return runInProcess(["group", "manifest", ...words], { host: (log) => createImpatientHost(log, environment, texts) });
}

const key = ["--name", "orders", "--namespace", "shop"];

async function group(...words: readonly string[]): Promise<ExternalGroup> {
  const { code, stdout, stderr } = await run([...key, ...words]);
  assert.deepEqual([code, stderr], [0, ""]);
  const parsed = parseGroupManifest(parse(stdout));
  assert.ok(parsed.ok);
  return parsed.group;
}

function problems({ stderr }: Ran): readonly string[] {
  return [...stderr.matchAll(/^error: (.*)\.$/gmu)].map(([, text]) => text ?? "");
}

const buoyant = `apiVersion: workload.buoyant.io/v1alpha1
kind: ExternalGroup
metadata: {name: training-vm, namespace: training, uid: abc}
spec:
  probes: [{failureThreshold: 1, httpGet: {path: /ready, port: 80, scheme: HTTP, host: 127.0.0.1}}]
  template:
    metadata: {labels: {app: training}}
    ports: [{port: 80, name: http}]
`;

describe("group manifest", () => {
  it("makes a group of options", async () => {
    const made = await group("--identity", "spiffe://td/vm/*", "--identity", "spiffe://td/b", "--port", "http=8080", "--port", "dns=53/udp", "--label", "app=orders", "--label", "x=", "--allowed-label", "tier", "--allowed-cidr", "10.0.0.0/8", "--max-workloads", "5");
    assert.deepEqual(made.key, { namespace: "shop", name: "orders" });
    assert.deepEqual(made.admission, { identities: ["spiffe://td/vm/*", "spiffe://td/b"], allowedCidrs: [{ family: 4, address: "10.0.0.0", prefix: 8 }], allowedLabels: ["tier"], maxWorkloads: 5 });
    assert.deepEqual(made.ports, [{ name: "http", port: 8080, protocol: "TCP" }, { name: "dns", port: 53, protocol: "UDP" }]);
    assert.deepEqual([made.labels, made.probe], [{ app: "orders", x: "" }, undefined]);
  });

  for (const [probe, action] of [
    ["http://127.0.0.1:8080/ready?a=b", { kind: "httpGet", scheme: "HTTP", host: "127.0.0.1", port: 8080, path: "/ready?a=b", headers: {} }],
    ["https://[::1]", { kind: "httpGet", scheme: "HTTPS", host: "::1", port: 443, path: "/", headers: {} }],
    ["http://localhost", { kind: "httpGet", scheme: "HTTP", host: "localhost", port: 80, path: "/", headers: {} }],
    ["tcp://10.0.0.1:5432", { kind: "tcpSocket", host: "10.0.0.1", port: 5432 }],
    ["grpc://127.0.0.1:9000/shop.Orders", { kind: "grpc", port: 9000, service: "shop.Orders" }],
    ["grpc://localhost:9000", { kind: "grpc", port: 9000, service: "" }],
    ["exec:/usr/bin/check --fast", { kind: "exec", command: ["/usr/bin/check", "--fast"] }],
  ] as const) {
    it(`probes by ${probe}`, async () => {
      assert.deepEqual((await group("--probe", probe)).probe?.action, action);
    });
  }

  for (const [words, says] of [
    [["--probe", "8080"], ["--probe: '8080' is none of http://…, https://…, tcp://…, grpc://… and exec:…"]],
    [["--probe", "tcp://db"], ["--probe: 'tcp://db' has no port"]],
    [["--probe", "tcp://db:1/x"], ["--probe: 'tcp://db:1/x' has a path, which TCP has not"]],
    [["--probe", "grpc://10.0.0.1:1"], ["--probe: 'grpc://10.0.0.1:1' asks another host; a gRPC probe asks the machine itself, at 127.0.0.1"]],
    [["--probe", "exec:"], ["--probe: Too small: expected string to have >=1 characters"]],
    [["--port", "8080"], ["--port: '8080' has no = between its two parts"]],
    [["--port", "8080", "--port", "http=eighty"], ["--port: '8080' has no = between its two parts", "--port http=eighty: Invalid input: expected number, received string"]],
    [["--identity", "spiffe://td/a", "--identity", "nobody"], ["--identity nobody: it does not begin with spiffe://"]],
    [["--allowed-cidr", "10.0.0.1/8", "--max-workloads", "many"], ["--allowed-cidr 10.0.0.1/8: 10.0.0.1/8 has bits after its prefix; the network is 10.0.0.0/8", "--max-workloads: Invalid input: expected number, received NaN"]],
    [["--name", "A"], ["--name: is not a DNS label"]],
  ] as const) {
    it(`tells all that is wrong with ${words.join(" ")}`, async () => {
      const ran = await run([...key, ...words]);
      assert.deepEqual([ran.code, ran.stdout, problems(ran).toSorted()], [2, "", [...says].toSorted()]);
    });
  }

  it("takes name and namespace of this machine's settings, below its options", async () => {
    const environment = { LINKERD_MESH_WORKLOAD_GROUP_NAME: "web", LINKERD_MESH_WORKLOAD_GROUP_NAMESPACE: "shop" };
    const named = async (...words: readonly string[]): Promise<unknown> => (JSON.parse((await run([...words, "--output", "json"], { environment })).stdout) as { manifests: { metadata: unknown }[] }).manifests[0]?.metadata;
    assert.deepEqual(await named(), { name: "web", namespace: "shop" });
    assert.deepEqual(await named("-n", "other"), { name: "web", namespace: "other" });
    assert.deepEqual(problems(await run([])), ["--name is missing, and this machine's settings do not name a group", "--namespace is missing, and this machine's settings do not name a group"]);
  });

  it("prints Buoyant's manifests in our form, with every default", async () => {
    const { code, stdout } = await run(["--from", "/g.yaml"], { texts: { "/g.yaml": `${buoyant}---\n${buoyant.replace("training-vm", "other-vm")}` } });
    assert.equal(code, 0);
    assert.match(stdout, /apiVersion: registration\.linkerd-mesh\.io\/v1alpha1[^]*leaseSeconds: 40[^]*failureThreshold: 1[^]*---[^]*name: other-vm/u);
    assert.match(stdout, /^# It names no identities/mu);
  });

  for (const [what, text, says] of [
    ["every problem of every document", `${buoyant.replace("training-vm", "A")}---\n${buoyant.replace("port: 80,", "port: 0,")}`, [/^document 1: metadata.name: /u, /^document 2: spec.probes.0.httpGet.port: /u]],
    ["no YAML", "a: [", [/is no YAML/u]],
    ["another kind", "kind: Pod", [/^apiVersion: /u, /^kind: /u, /^metadata: /u, /^spec: /u]],
    ["nothing", "# nothing\n", [/there is no manifest in it/u]],
  ] as const) {
    it(`tells of ${what} in a file`, async () => {
      const ran = await run(["--from", "/g.yaml"], { texts: { "/g.yaml": text } });
      assert.deepEqual([ran.code, ran.stdout], [2, ""]);
      const told = problems(ran);
      assert.equal(told.length, says.length, ran.stderr);
      for (const [index, pattern] of says.entries()) assert.match(told[index] ?? "", pattern);
    });
  }

  it("does not mix a file and options, and says when there is no file", async () => {
    assert.deepEqual((await run(["--from", "/g.yaml", "--port", "http=80"])).code, 2);
    assert.deepEqual(problems(await run(["--from", "/g.yaml"])), ["there is no such file"]);
  });
});
