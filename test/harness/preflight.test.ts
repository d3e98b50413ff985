import assert from "node:assert/strict";
import { listObstacles } from "../../src/harness/preflight.ts";
import { FakeHost } from "../fakes/host.ts";
import { machineSettings } from "../support/settings.ts";

const settings = machineSettings();

function goodHost(): FakeHost {
  const host = new FakeHost();
  host.executables.add(settings.proxyPath);
  return host;
}

async function look(host: FakeHost, flags: Readonly<Record<string, string>> = {}): Promise<readonly string[]> {
  return (await listObstacles(host, machineSettings(flags), new AbortController().signal)).map(({ code, what }) => `${code} ${what}`);
}

describe("the look before a start", () => {
  it("finds nothing on a good machine", async () => assert.deepEqual(await look(goodHost()), []));

  for (const [what, change, found] of [
    ["no proxy", (host: FakeHost) => host.executables.clear(), /^PROXY_MISSING there is no file/],
    ["a proxy that is no program", (host: FakeHost) => { host.executables.clear(); host.texts.set(settings.proxyPath, "x"); }, /^PROXY_MISSING .* is not an executable file/],
    ["no rights", (host: FakeHost) => { host.who = { ...host.who, mayRedirect: false }; }, /^RIGHTS_MISSING linkerd-mesh may not/],
    ["foreign rules", (host: FakeHost) => { host.redirector.foreign = "a table of somebody"; }, /^REDIRECT_FOREIGN a table of somebody/],
    ["the inbound port", (host: FakeHost) => host.listeners.set(4143, 7), /^PORT_TAKEN PROXY_INBOUND_PORT 4143 is in use by process 7/],
    ["the outbound port", (host: FakeHost) => host.listeners.set(4140, 7), /^PORT_TAKEN PROXY_OUTBOUND_PORT 4140/],
    ["the proxy's admin port", (host: FakeHost) => host.listeners.set(4191, 7), /^PORT_TAKEN PROXY_ADMIN_PORT 4191/],
    ["our admin port", (host: FakeHost) => host.listeners.set(4192, 7), /^PORT_TAKEN HARNESS_ADMIN_PORT 4192/],
  ] as const) {
    it(`finds: ${what}`, async () => {
      const host = goodHost();
      change(host);
      const lines = await look(host);
      assert.equal(lines.length, 1);
      assert.match(lines[0] ?? "", found);
    });
  }

  it("finds our own rules in force, and says who holds them", async () => {
    const host = goodHost();
    await host.redirector.enable({ mode: "redirect" } as never);
    assert.match((await look(host)).join(), /^REDIRECT_FOREIGN a redirect of our name is in force already, held by process 1/);
  });

  it("tells everything at once", async () => {
    const host = new FakeHost();
    host.listeners.set(4143, 7).set(4192, 8);
    assert.deepEqual((await look(host)).map((line) => line.split(" ")[0]).toSorted(), ["PORT_TAKEN", "PORT_TAKEN", "PROXY_MISSING"]);
  });

  it("asks for the addresses that the proxy will take", async () => {
    const host = goodHost();
    const asked: string[] = [];
    const noted = Object.assign(host, { sockets: { ...host.sockets, portFree: (address: string, port: number) => { asked.push(`${address} ${port}`); return Promise.resolve(true); } } });
    await look(noted, { "inbound-network-address": "2001:db8::1" });
    assert.deepEqual(asked, [":: 4143", "127.0.0.1 4140", "::1 4140", "127.0.0.1 4191", "127.0.0.1 4192"]);
    asked.length = 0;
    host.addresses = host.addresses.slice(0, 1);
    await look(noted);
    assert.deepEqual(asked.slice(0, 2), ["0.0.0.0 4143", "127.0.0.1 4140"]);
  });
});
