import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { isMeshError } from "../../../../src/model/errors.ts";
import type { Redirector } from "../../../../src/model/traffic.ts";
import type { RedirectTools } from "../../../../src/platform/linux/nft-program.ts";
import { nftRedirector } from "../../../../src/platform/linux/redirector.ts";
import { skipUnless } from "../../../support/skip.ts";
import { inside, ip, missing, nft, plan, toolsIn } from "./lab.ts";

const probe = new URL("probe.ts", import.meta.url).pathname;
const space = `rd-life-${process.pid}`;
const limit = (): AbortSignal => AbortSignal.timeout(5_000);

describe("redirect: life of the table", function () {
  const reason = missing();
  skipUnless("redirect-life", reason === undefined, reason ?? "");
  this.timeout(20_000);
  let redirector: Redirector;

  beforeEach(() => {
    ip("netns", "add", space);
    redirector = nftRedirector(toolsIn(inside(space)));
  });
  afterEach(() => { ip("netns", "del", space); });

  it("sees no table, then its own with mode and owner, then none", async () => {
    assert.deepEqual(await redirector.observe(plan, limit()), { state: "absent" });
    const active = await redirector.enable(plan, limit());
    const on = await redirector.observe(plan, limit());
    assert.equal(on.state, "present");
    assert.deepEqual({ ...on, owner: 0 }, { state: "present", mode: "redirect", owner: 0, drift: [] });
    assert.ok(on.state === "present" && on.owner !== undefined && on.owner > 1);
    const refuse = { ...plan, mode: "refuse" } as const;
    await active.replace(refuse, limit());
    assert.equal(active.plan, refuse);
    assert.deepEqual(await redirector.observe(refuse, limit()), { ...on, mode: "refuse" });
    const inboundOnly = { ...plan, captureOutbound: false, addresses: { v4: "10.77.0.1" } };
    await active.replace(inboundOnly, limit());
    assert.deepEqual(await redirector.observe(inboundOnly, limit()), on);
    await active[Symbol.asyncDispose]();
    assert.deepEqual(await redirector.observe(plan, limit()), { state: "absent" });
  });

  it("tells how the table differs from another plan", async () => {
    await using _active = await redirector.enable(plan, limit());
    const other = {
      ...plan, mode: "refuse", exemptUser: 7, outboundFamilies: [4],
      outboundPortsToIgnore: [{ from: 8081, to: 8081 }], outboundNetworksToIgnore: [{ family: 6, address: "fd00::", prefix: 8 }],
    } as const;
    const found = await redirector.observe(other, limit());
    assert.deepEqual(found.state === "present" ? found.drift : [], [
      "the table is in mode redirect, expected refuse",
      "set outbound_ignored_ports also holds 8082",
      "set outbound_ignored_networks_v4 also holds 10.77.9.0/24",
      "set outbound_ignored_networks_v6 lacks fd00::/8",
      "rule missing: in exempt_outbound: meta skuid 7 accept",
      "rule missing: in exempt_outbound: meta nfproto ipv6 accept",
      "rule not expected: in exempt_outbound: meta skuid 61002 accept",
      "rule not expected: in outbound: tcp flags & (fin|syn|rst|ack) == syn jump exempt_outbound",
      "rule not expected: in outbound: tcp flags & (fin|syn|rst|ack) == syn meta skuid 0-4294967294 redirect to :4140",
      "rule not expected: in inbound: tcp flags & (fin|syn|rst|ack) == syn jump exempt_inbound",
      "rule not expected: in inbound: tcp flags & (fin|syn|rst|ack) == syn ct original ip daddr @inbound_from_the_mesh_v4 redirect to :4143",
      "rule not expected: in inbound: tcp flags & (fin|syn|rst|ack) == syn ct original ip6 daddr @inbound_from_the_mesh_v6 redirect to :4143",
    ]);
  });

  it("cannot be changed or removed by anybody else", async () => {
    await using _active = await redirector.enable(plan, limit());
    for (const command of ["delete table inet linkerd_mesh", "flush table inet linkerd_mesh", "add rule inet linkerd_mesh outbound accept"]) {
      assert.equal(nft(space, command).code, 1, command);
    }
    nft(space, "flush", "ruleset");
    const found = await redirector.observe(plan, limit());
    assert.deepEqual(found.state === "present" ? found.drift : found, []);
  });

  it("is not switched on beside a table of another harness", async () => {
    await using active = await redirector.enable(plan, limit());
    await assert.rejects(redirector.enable(plan, limit()), (error) => isMeshError(error, "REDIRECT_FOREIGN") && /held by process \d+/.test(error.what));
    assert.equal((await redirector.observe(active.plan, limit())).state, "present");
  });

  it("refuses a table of its name that it did not write", async () => {
    nft(space, "add table inet linkerd_mesh");
    assert.deepEqual(await redirector.observe(plan, limit()), {
      state: "foreign", detail: "table inet linkerd_mesh exists and was not written by this program",
    });
    await assert.rejects(redirector.enable(plan, limit()), (error) => isMeshError(error, "REDIRECT_FOREIGN"));
    assert.equal(nft(space, "list", "tables").stdout, "table inet linkerd_mesh\n");
  });

  it("sees the chains of Linkerd's own iptables rules as foreign", async () => {
    nft(space, "add table ip nat; add chain ip nat PROXY_INIT_OUTPUT");
    assert.deepEqual(await redirector.observe(plan, limit()), {
      state: "foreign", detail: "chain PROXY_INIT_OUTPUT in table ip nat steers connections to a Linkerd proxy already",
    });
    await assert.rejects(redirector.enable(plan, limit()), (error) => isMeshError(error, "REDIRECT_FOREIGN"));
  });

  it("leaves nothing and says so when the child that owns the table is killed", async () => {
    await using active = await redirector.enable(plan, limit());
    const found = await redirector.observe(plan, limit());
    assert.ok(found.state === "present" && found.owner !== undefined);
    process.kill(found.owner, "SIGKILL");
    assert.equal(await active.lost, "the nft process that held the table ended with SIGKILL");
    assert.equal(nft(space, "list", "ruleset").stdout, "");
    await assert.rejects(active.replace(plan, limit()), (error) => isMeshError(error, "REDIRECT_FAILED"));
  });

  it("leaves nothing when the program itself is killed", async () => {
    const [file, ...args] = [...inside(space), process.execPath, probe, "hold"];
    const program = spawn(file, args, { stdio: ["ignore", "pipe", "inherit", "pipe"], env: { ...process.env, RD_WITNESS: "1" } });
    assert.ok(program.stdout !== null);
    await once(program.stdout, "data");
    assert.equal((await redirector.observe(plan, limit())).state, "present");
    const witness = program.stdio[3];
    assert.ok(witness !== null && witness !== undefined && "resume" in witness);
    witness.resume();
    const gone = once(witness, "close");
    program.kill("SIGKILL");
    await gone;
    assert.deepEqual(await redirector.observe(plan, limit()), { state: "absent" });
  });

  it("fails with nft's words, and leaves the rules before as they are, when the kernel refuses a replacement", async () => {
    await using active = await redirector.enable(plan, limit());
    const wrong = { ...plan, exemptUser: -5 };
    await assert.rejects(active.replace(wrong, limit()), (error) => isMeshError(error, "REDIRECT_FAILED") && error.what.includes("Error: "));
    assert.equal(active.plan, plan);
    const found = await redirector.observe(plan, limit());
    assert.deepEqual(found.state === "present" ? found.drift : found, []);
  });

  it("leaves no table when it is stopped while switching on", async () => {
    const stop = new AbortController();
    const enabling = redirector.enable(plan, stop.signal);
    stop.abort(new Error("stopped"));
    await assert.rejects(enabling);
    assert.deepEqual(await redirector.observe(plan, limit()), { state: "absent" });
  });

  it("names the package when nft is not installed", async () => {
    const tools = { ...toolsIn([]), files: { ...toolsIn([]).files, stat: () => Promise.resolve(undefined) } };
    const obstacle = await nftRedirector(tools).obstacle();
    assert.equal(obstacle?.what, "nft is not installed");
    assert.match(obstacle.remedy, /apt install nftables/);
    await assert.rejects(nftRedirector(tools).enable(plan, limit()), (error) => isMeshError(error, "REDIRECT_ABSENT"));
  });

  it("does not wait for ever for an nft that hangs", async () => {
    const tools = toolsIn(inside(space));
    const deaf: RedirectTools["processes"] = { ...tools.processes, spawn: (spec) => tools.processes.spawn({ ...spec, file: "/bin/sleep", args: ["60"] }) };
    await assert.rejects(nftRedirector({ ...tools, processes: deaf, answerLimit: 500 }).enable(plan, limit()),
      (error) => isMeshError(error, "REDIRECT_FAILED") && error.what === "nft did not answer within 0.5 s");
    const slow: RedirectTools["processes"] = { ...tools.processes, run: (spec, signal) => tools.processes.run({ ...spec, file: "/bin/sleep", args: ["60"] }, signal) };
    await assert.rejects(nftRedirector({ ...tools, processes: slow, answerLimit: 100 }).observe(plan, limit()),
      (error) => isMeshError(error, "REDIRECT_FAILED") && error.what === "it did not end within 0.1 s");
    assert.deepEqual(await redirector.observe(plan, limit()), { state: "absent" });
  });

  it("names the right that an unprivileged account lacks", async () => {
    const account = (): Promise<{ name: string; uid: number; mayRedirect: boolean }> => Promise.resolve({ name: "nobody", uid: 65_534, mayRedirect: false });
    const obstacle = await nftRedirector({ ...toolsIn([]), account }).obstacle();
    assert.match(obstacle?.what ?? "", /^nobody may not .*CAP_NET_ADMIN/);
  });

  it("needs no more than CAP_NET_ADMIN", () => {
    const drop = ["setpriv", "--reuid", "61003", "--regid", "61003", "--clear-groups", "--inh-caps", "-all,+net_admin", "--ambient-caps", "-all,+net_admin", "--bounding-set", "-all,+net_admin"];
    assert.deepEqual(cycle([...inside(space), ...drop]), wholeCycle);
  });
});

describe("redirect: user namespace", function () {
  const drop = ["setpriv", "--reuid", "61003", "--regid", "61003", "--clear-groups", "unshare", "-Urn"];
  skipUnless("redirect-userns", () => missing() === undefined && spawnSync("setpriv", [...drop.slice(1), "true"]).status === 0,
    missing() ?? "this kernel gives unprivileged users no namespaces");
  this.timeout(20_000);

  it("works without any right outside it", () => {
    assert.deepEqual(cycle(drop), wholeCycle);
  });
});

const wholeCycle = ["no obstacle", ["present", "redirect", []], ["present", "refuse", []], ["absent", undefined, undefined]];

function cycle(wrap: readonly string[]): unknown[] {
  const [file, ...args] = [...wrap, process.execPath, probe];
  const { stdout, stderr } = spawnSync(file, args, { encoding: "utf8" });
  assert.equal(stderr, "");
  return stdout.trim().split("\n").map((line) => {
    const seen = JSON.parse(line) as string | { state: string; mode?: string; drift?: string[] };
    return typeof seen === "string" ? seen : [seen.state, seen.mode, seen.drift];
  });
}
