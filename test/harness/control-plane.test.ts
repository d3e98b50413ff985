import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createSilent, type AddressInfo, type Server } from "node:net";
import { createServer as createTls } from "node:tls";
import { watchControlPlane } from "../../src/harness/control-plane.ts";
import { dial, type TlsIdentity } from "../../src/harness/dial.ts";
import { defaultTimings } from "../../src/harness/timings.ts";
import { keyPemOf, mintCertificate, pemOf, type Issued } from "../fakes/certificates.ts";
import { FakeHost } from "../fakes/host.ts";

const forever = new AbortController().signal;

async function listen(server: Server): Promise<{ readonly host: string; readonly port: number }> {
  await once(server.listen(0, "127.0.0.1"), "listening");
  return { host: "127.0.0.1", port: (server.address() as AddressInfo).port };
}

async function identityOf(issued: Issued, root: Issued): Promise<TlsIdentity> {
  return { cert: pemOf(issued), key: await keyPemOf(issued), ca: pemOf(root) };
}

describe("dialling", () => {
  it("tells a port that refuses from one that answers", async () => {
    const server = createSilent((socket) => socket.destroy());
    const address = await listen(server);
    assert.equal(await dial({ address, tls: undefined, milliseconds: 1000 }, forever), undefined);
    await new Promise((resolve) => server.close(resolve));
    assert.match(await dial({ address, tls: undefined, milliseconds: 1000 }, forever) ?? "", /ECONNREFUSED/);
  });

  it("by TLS: good, of another name, of another root, silent", async () => {
    const root = await mintCertificate({ ca: true });
    const server = await identityOf(await mintCertificate({ issuer: root, dnsNames: ["policy.test"] }), root);
    const own = await identityOf(await mintCertificate({ issuer: root, uris: ["spiffe://mesh.test/vm"] }), root);
    const tls = createTls({ ...server, requestCert: true, ALPNProtocols: ["h2"], minVersion: "TLSv1.3" }).on("tlsClientError", () => undefined);
    const address = await listen(tls);
    const attempt = (more: Partial<TlsIdentity & { readonly serverName: string }>): Promise<string | undefined> => dial({ address, tls: { ...own, serverName: "policy.test", ...more }, milliseconds: 2000 }, forever);
    assert.equal(await attempt({}), undefined);
    assert.match(await attempt({ serverName: "other.test" }) ?? "", /does not match/);
    assert.match(await attempt({ ca: pemOf(await mintCertificate({ ca: true })) }) ?? "", /verify|issuer|self.signed/i);
    await new Promise((resolve) => tls.close(resolve));
    const silent = createSilent((socket) => void socket.on("error", () => undefined).resume());
    const quiet = await listen(silent);
    assert.equal(await dial({ address: quiet, tls: { ...own, serverName: "policy.test" }, milliseconds: 100 }, forever), "no answer within 0.1 s");
    silent.close();
  });
});

describe("watching the control plane", () => {
  it("the first look counts at once; later ones when the patience is over, and every change is told", async () => {
    const host = new FakeHost();
    const server = createSilent((socket) => socket.destroy());
    const address = await listen(server);
    const stop = new AbortController();
    const services = [{ name: "policy", address, serverName: "policy.test" }];
    const news = watchControlPlane(host, { services: () => services, timings: defaultTimings, identity: () => undefined }, stop.signal);
    assert.deepEqual((await news.next()).value, { reachable: true, away: [] });
    await new Promise((resolve) => server.close(resolve));
    const second = news.next();
    await host.clock.asleep(defaultTimings.controlPlanePoll);
    host.clock.jump(defaultTimings.controlPlanePoll);
    const { reachable, away } = (await second).value as { reachable: boolean; away: string[] };
    assert.deepEqual([reachable, away.length], [true, 1]);
    const third = news.next();
    await host.clock.asleep(defaultTimings.controlPlanePoll);
    host.clock.jump(defaultTimings.controlPlanePatience);
    assert.equal(((await third).value as { reachable: boolean }).reachable, false);
    const last = news.next();
    stop.abort();
    assert.equal((await last).done, true);
    const atOnce = watchControlPlane(host, { services: () => services, timings: defaultTimings, identity: () => undefined }, AbortSignal.timeout(5000));
    assert.equal(((await atOnce.next()).value as { reachable: boolean }).reachable, false);
    await atOnce.return();
  });
});
