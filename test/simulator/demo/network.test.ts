import assert from "node:assert/strict";
import { mkdtemp, rm, mkdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLinuxHost } from "../../../src/platform/linux/host.ts";
import { readCapabilities } from "../../../src/simulator/demo/capabilities.ts";
import { layout, openNetwork, type Place } from "../../../src/simulator/demo/network.ts";
import { silentLog } from "../../fakes/silent-log.ts";
import { skipUnless } from "../../support/skip.ts";

const host = createLinuxHost({ log: silentLog, environment: process.env, self: { file: process.execPath, args: [] } });
const forever = new AbortController().signal;
const capabilities = await readCapabilities(host, forever);

async function visit(inUserNamespace: boolean): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "demo-network-"));
  await using stack = new AsyncDisposableStack();
  stack.defer(() => rm(folder, { recursive: true }));
  const to = join(folder, "bound");
  await mkdir(to);
  const holders: number[] = [];
  {
    await using network = await openNetwork(host, { inUserNamespace, bind: { from: join(process.cwd(), "docs"), to } }, forever);
    const mesh = await network.mesh.run({ file: "ip", args: ["-brief", "address", "show", "dev", "mesh0"] }, forever);
    assert.match(mesh.stdout, new RegExp(layout.mesh));
    const route = await network.machine.run({ file: "ip", args: ["route", "get", "10.90.1.7"] }, forever);
    assert.match(route.stdout, new RegExp(`via ${layout.mesh}`));
    const hosts = ["mesh", "machine", "second"] as const;
    for (const from of hosts) for (const to of hosts) assert.deepEqual(await sendFrom(network[from], network[to]), layout[from]);
    const bound = await network.machine.run({ file: "ls", args: [to] }, forever);
    assert.match(bound.stdout, /limits\.md/);
    const who = await network.machine.run({ file: "sh", args: ["-c", "echo $PPID; id -u"] }, forever);
    assert.match(who.stdout, /\n0\n/);
    const ns = await network.mesh.run({ file: "readlink", args: ["/proc/self/ns/net"] }, forever);
    holders.push(...(await listProcessesIn(ns.stdout.trim())));
    assert.equal(holders.length, 1);
  }
  for (const pid of holders) assert.throws(() => process.kill(pid, 0), { code: "ESRCH" });
}

/** Sends a datagram from one host to another; as whom it arrives. */
async function sendFrom(from: Place, to: Place): Promise<string> {
  const ready = Promise.withResolvers<void>();
  const arrived = Promise.withResolvers<string>();
  const listen = `const s = require("dgram").createSocket("udp4").on("message", (_, { address }) => console.log("from " + address)).bind(7000, "${to.address}", () => console.log("ready"))`;
  await using _listener = await to.spawn({ file: process.execPath, args: ["-e", listen], onLine: (_stream, line) => {
    if (line === "ready") ready.resolve();
    else arrived.resolve(line.replace("from ", ""));
  } });
  await ready.promise;
  const send = `const s = require("dgram").createSocket("udp4"); s.send("x", 7000, "${to.address}", () => s.close())`;
  await from.run({ file: process.execPath, args: ["-e", send] }, forever);
  return await arrived.promise;
}

async function listProcessesIn(namespace: string): Promise<number[]> {
  const { stdout } = await host.processes.run({ file: "sh", args: ["-c", `for p in /proc/[0-9]*; do [ "$(readlink $p/ns/net)" = '${namespace}' ] && echo "\${p#/proc/}"; done; true`], environment: host.environment }, forever);
  return stdout.trim().split("\n").map(Number);
}

describe("the demo's network", () => {
  skipUnless("demo-network", capabilities.root, "needs root on Linux with iproute2 and util-linux to make network namespaces");

  it("joins three namespaces that vanish with their holders", () => visit(false));
});

describe("the demo's network in a user namespace", () => {
  skipUnless("demo-user-namespace", capabilities.mappedUsers, "needs newuidmap (package uidmap) and a range for this user in /etc/subuid and /etc/subgid");

  it("is the same to whoever is in it", () => visit(true));
});
