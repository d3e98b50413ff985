import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import type { GroupEntry, WorkloadEntry } from "../../../src/registration/directory.ts";
import { DirectoryLab } from "../../autoregistration/directory-lab.ts";
import { group } from "../../autoregistration/samples.ts";
import { findPort } from "../../support/find-port.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { runInProcess } from "../in-process.ts";
import { ask, createImpatientHost, openStranger } from "./lab.ts";

/** Three machines of two groups, one of them not ready, one silent for long. */
async function fill(lab: DirectoryLab): Promise<void> {
  lab.groups = [
    group({ probe: { action: { kind: "httpGet", host: "127.0.0.1", port: 8080, path: "/ready", scheme: "HTTP", headers: {} }, initialDelaySeconds: 5, periodSeconds: 10, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 3 } }),
    group({ key: { namespace: "shop", name: "billing" }, onDeregister: "KeepNotReady", admission: { identities: undefined, allowedCidrs: [{ family: 4, address: "10.0.0.0", prefix: 8 }], allowedLabels: [], maxWorkloads: 3 }, proxy: { clusterDomain: "cluster.local" } }),
    group({ key: { namespace: "depot", name: "orders" }, ports: [], labels: {} }),
  ];
  lab.troubles = [{ file: "broken.yaml", problems: ["spec.probes: needs exactly one of httpGet, tcpSocket, grpc and exec", "metadata.name: is not a DNS label"] }];
  await lab.add("orders-1");
  await lab.add("orders-2", { ready: false, of: { addresses: ["10.0.0.6", "fd00::6"] }, life: { renewedAt: lab.now - 3_600_000, expiredAt: lab.now - 3_000_000 } });
  await lab.add("billing-1", { of: { group: "billing", addresses: ["10.0.0.7"] } });
  await lab.setReady("orders-2", false, "LeaseExpired");
  await waitUntil(() => [...lab.sources.listWorkloads()].filter(({ reason, lease: { state } }) => reason !== "Unknown" && state !== "none").length, (count) => count === 3);
}

describe("the lists of a registration service on the command line", () => {
  for (const [line, says] of [
    ["group list", /^NAMESPACE +NAME [^]*^shop +orders +1\/2 [^]*broken\.yaml\n/mu],
    ["workload list", /^NAMESPACE +NAME [^]*^shop +orders-2 +orders +False +LeaseExpired /mu],
    ["workload list --wide", /^NAMESPACE .* IDENTITY [^]*^shop +orders-2 .* expired +spiffe:/mu],
    ["workload show shop/orders-2", /^Ready: +no, LeaseExpired[^]*the application answers 503[^]*^Next: /mu],
    ["workload show billing-1", /^Name: +shop\/billing-1$/mu],
    ["group show shop/orders", /^Machines: +1\/2[^]*^shop +orders-2 /mu],
    ["group show billing -n shop", /^Machines: +1\/1 ready, at most 3$/mu],
    ["group show depot/orders", /^Machines: +0\/0/mu],
  ] as const) {
    it(`are what '${line}' shows`, async () => {
      await using lab = await DirectoryLab.open();
      await using server = await lab.serve();
      await fill(lab);
      const { code, stdout, stderr } = await ask(server, line);
      assert.deepEqual([code, stderr], [0, ""]);
      assert.match(stdout, says);
    });
  }

  for (const [line, names] of [
    ["workload list", ["billing-1", "orders-1", "orders-2"]],
    ["workload list -n shop", ["billing-1", "orders-1", "orders-2"]],
    ["workload list --namespace depot", []],
    ["workload list --group billing", ["billing-1"]],
    ["workload list --not-ready", ["orders-2"]],
    ["workload list --group billing --not-ready", []],
  ] as const) {
    it(`chooses for '${line}'`, async () => {
      await using lab = await DirectoryLab.open();
      await using server = await lab.serve();
      await fill(lab);
      const { code, stdout } = await ask(server, `${line} --output json`);
      assert.deepEqual([code, (JSON.parse(stdout) as { workloads: WorkloadEntry[] }).workloads.map(({ name }) => name)], [0, names]);
    });
  }

  it("say that there is nothing, and that is no failure", async () => {
    await using lab = await DirectoryLab.open();
    lab.groups = [];
    await using server = await lab.serve();
    assert.deepEqual(await ask(server, "group list"), { code: 0, stdout: "No groups.\n", stderr: "" });
    assert.deepEqual(await ask(server, "workload list"), { code: 0, stdout: "No workloads.\n", stderr: "" });
    assert.deepEqual(JSON.parse((await ask(server, "group list --output json")).stdout), { groups: [], troubles: [] });
  });

  it("are objects for scripts, with a group's machines", async () => {
    await using lab = await DirectoryLab.open();
    await using server = await lab.serve();
    await fill(lab);
    const { group: shown, workloads } = JSON.parse((await ask(server, "group show shop/orders --output json")).stdout) as { group: GroupEntry; workloads: WorkloadEntry[] };
    assert.deepEqual([shown.machines, workloads.map(({ name }) => name)], [{ total: 2, ready: 1 }, ["orders-1", "orders-2"]]);
    const listed = JSON.parse((await ask(server, "group list -n depot --output json")).stdout) as { groups: GroupEntry[]; troubles: unknown[] };
    assert.deepEqual([listed.groups.map(({ namespace }) => namespace), listed.troubles.length], [["depot"], 1]);
    assert.equal((JSON.parse((await ask(server, "workload show orders-2 --output json")).stdout) as { workload: WorkloadEntry }).workload.lease.state, "expired");
  });

  for (const [line, says] of [
    ["workload show shop/order-1", /no such workload; did you mean shop\/orders-1 or shop\/orders-2\?/u],
    ["workload show depot/orders-1", /did you mean shop\/orders-1/u],
    ["workload show shpo/orders-1", /did you mean shop\/orders-1/u],
    ["workload show nothing-like-it", /no such workload\.$/mu],
    ["group show shop/orderz", /no such group \(1 group file could not be used, see linkerd-mesh group list\); did you mean shop\/orders\?$/mu],
    ["group show orders", /in each of several namespaces: depot\/orders, shop\/orders/u],
  ] as const) {
    it(`answers '${line}' with what is near`, async () => {
      await using lab = await DirectoryLab.open();
      await using server = await lab.serve();
      await fill(lab);
      const { code, stdout, stderr } = await ask(server, line);
      assert.deepEqual([code, stdout], [1, ""]);
      assert.match(stderr, says);
      assert.match(stderr, /NOT_LISTED/u);
    });
  }

  for (const line of ["workload show a/b/c", "workload show /b", "workload show a/", "workload show -n a b/c", "workload show", "workload list x", "group list --admin-address nowhere"]) {
    it(`does not understand '${line}'`, async () => {
      const { code, stderr } = await runInProcess(line.split(" "), { host: (log) => createImpatientHost(log) });
      assert.equal(code, 2);
      assert.match(stderr, /USAGE/u);
    });
  }
});

describe("who is asked for the lists", () => {
  it("is nobody there", async () => {
    const { code, stderr } = await ask({ address: { host: "127.0.0.1", port: await findPort() } }, "workload list");
    assert.equal(code, 3);
    assert.match(stderr, /nobody answers there[^]*DIRECTORY_ABSENT[^]*--admin-address/u);
  });

  for (const [what, status, body, says] of [
    ["a web page", 200, "<!DOCTYPE html><html></html>", /not a registration service of this version/u],
    ["another web page", 404, "<html></html>", /not a registration service of this version \(status 404\)/u],
    ["other JSON", 200, '{"items":[]}', /not a registration service/u],
    ["JSON of wrong fields", 200, '{"groups":[{"name":1}],"troubles":[],"workloads":[{"name":1}]}', /not a registration service/u],
    ["half of it", 200, '{"groups":[', /not a registration service/u],
    ["nothing", 200, "", /not a registration service/u],
    ["somebody who moved", 302, "", /status|redirect/u],
    ["a service that says why not", 503, '{"error":"32 others watch already"}', /it answers with status 503: 32 others watch already/u],
  ] as const) {
    it(`is ${what}`, async () => {
      await using stranger = await openStranger(status, body);
      for (const line of ["group list", "workload list", "workload show a/b", "workload watch"]) {
        const { code, stdout, stderr } = await ask(stranger, line);
        // An end without a line is a watch of a service that stops at once: it is asked again, and does not fail.
        assert.deepEqual([line, code, stdout], [line, 3, ""]);
        assert.match(stderr, line.endsWith("watch") && status === 302 ? /status 302/u : says);
      }
    });
  }

  it("is one who never answers, for five seconds", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const mute = { address: { host: "127.0.0.1", port: (server.address() as AddressInfo).port } };
    for (const { code, stderr } of await Promise.all([ask(mute, "group list"), ask(mute, "workload watch")])) {
      assert.equal(code, 3);
      assert.match(stderr, /it did not answer within 5 s/u);
    }
    server.close();
  });

  it("is named by the settings, where every address of the machine is this one's loopback", async () => {
    await using lab = await DirectoryLab.open();
    await using server = await lab.serve();
    const environment = { LINKERD_MESH_ADMIN_ADDRESS: `:${server.address.port}` };
    assert.equal((await runInProcess(["group", "list"], { host: (log) => createImpatientHost(log, environment) })).code, 0);
  });

  it("may be named by a host's name", async () => {
    await using lab = await DirectoryLab.open();
    await using server = await lab.serve();
    assert.equal((await ask({ address: { host: "localhost", port: server.address.port } }, "group list")).code, 0);
  });

  it("cannot steer the terminal", async () => {
    await using lab = await DirectoryLab.open();
    lab.troubles = [{ file: "a\u001b[2J.yaml", problems: ["x\u001b]0;title\u0007"] }];
    await using server = await lab.serve();
    await lab.add("m1", { of: { facts: { os: "linux\u001b[31m", hostname: "h\nost", zone: "", harnessVersion: "", proxyVersion: "" } } });
    await waitUntil(() => lab.fleet.snapshot().workloads.length, (count) => count === 1);
    const texts = await Promise.all(["group list", "workload list --wide", "workload show m1"].map(async (line) => (await ask(server, line)).stdout));
    for (const text of texts) assert.doesNotMatch(text.replaceAll("\n", ""), /\p{Cc}/u);
  });
});
