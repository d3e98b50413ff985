import assert from "node:assert/strict";
import type { TlsIdentity } from "../../src/registration/tls-identity.ts";
import { mintIdentity, mintRoot, mintServer } from "../registration/wire-lab.ts";
import type { Issued } from "../fakes/certificates.ts";
import { ServiceLab, trust, type Service } from "./service-lab.ts";
import { StoreGate } from "./store-gate.ts";
import { WireMachine } from "./wire-machine.ts";

const id = `${trust}/vm/orders`;
const tomorrow = new Date(Date.now() + 86_400_000);

const machineOf = (root: Issued, trusted: readonly Issued[]): Promise<TlsIdentity> => mintIdentity(root, trusted, { uris: [id], expiresAt: tomorrow });
const serverOf = (root: Issued, trusted: readonly Issued[]): Promise<TlsIdentity> => mintServer(root, trusted, { expiresAt: tomorrow });

/** Gives the server another identity; resolves when new connections get it. */
async function rotate(lab: ServiceLab, service: Service, identity: TlsIdentity): Promise<void> {
  service.identities.push(identity);
  while (!lab.log.lines.some(({ message, fields }) => message === "serving with a new certificate" && fields["fingerprint"] === identity.fingerprint)) await new Promise(setImmediate);
}

interface Scene extends AsyncDisposable {
  readonly lab: ServiceLab;
  readonly service: Service;
  readonly machine: WireMachine;
  /** Starts the call and waits until the server has it in hand; `letGo` lets it end. */
  inMidCall(call: () => Promise<string>): Promise<{ readonly told: Promise<string>; readonly letGo: () => void }>;
}

async function set(): Promise<Scene> {
  const lab = await ServiceLab.open();
  const gate = new StoreGate(lab.store);
  const service = await lab.service({ store: gate.store });
  const machine = await WireMachine.make(lab);
  return {
    lab, service, machine,
    inMidCall: async (call) => {
      const [arrived, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      [gate.weather, gate.onWait] = [{ until: release.promise }, arrived.resolve];
      const told = call();
      await arrived.promise;
      gate.weather = "fine";
      return { told, letGo: release.resolve };
    },
    [Symbol.asyncDispose]: () => lab[Symbol.asyncDispose](),
  };
}

describe("rotation while a call is under way", () => {
  it("of the machine's SVID: the call ends well, the next goes over a connection with the new one, the lease holds", async () => {
    await using scene = await set();
    const { lab, service, machine, inMidCall } = scene;
    const registering = await inMidCall(() => machine.register(service));
    machine.identity = await lab.identity(id);
    registering.letGo();
    assert.equal(await registering.told, "ok");
    const renewing = await inMidCall(() => machine.renew(service));
    machine.identity = await lab.identity(id);
    renewing.letGo();
    assert.deepEqual([await renewing.told, await machine.renew(service), await lab.condition(machine.name)], ["ok", "ok", "True Ready"]);
  });

  it("of the server's certificate: the call ends well, and so do the next ones on the same and on a new connection", async () => {
    await using scene = await set();
    const { lab, service, machine, inMidCall } = scene;
    const registering = await inMidCall(() => machine.register(service));
    await rotate(lab, service, await lab.serverIdentity());
    registering.letGo();
    assert.deepEqual([await registering.told, await machine.renew(service)], ["ok", "ok"]);
    machine.hangUp();
    assert.equal(await machine.renew(service), "ok");
  });

  it("of the machine's SVID to another SPIFFE id: the lease is not the new one's, which registers as another workload", async () => {
    await using scene = await set();
    const { lab, service, machine } = scene;
    assert.deepEqual([await machine.register(service), await machine.renew(service)], ["ok", "ok"]);
    const { name } = machine;
    machine.identity = await lab.identity(`${trust}/vm/renamed`);
    assert.equal(await machine.renew(service), "LEASE_INVALID");
    assert.equal(await machine.register(service), "ADDRESS_IN_USE", "its former self lives, as far as anybody knows");
    lab.clock.jump(60_000);
    assert.equal(await machine.register(service), "ok");
    assert.notEqual(machine.name, name);
  });
});

describe("rotation of the trust root", () => {
  it("with an overlap of both sides: not a call is refused, in whatever order the sides change", async () => {
    const next = await mintRoot();
    await using scene = await set();
    const { lab, service, machine, inMidCall } = scene;
    const { root } = lab;
    const call = async (): Promise<void> => assert.equal(await machine.renew(service), "ok");
    assert.equal(await machine.register(service), "ok");
    await rotate(lab, service, await serverOf(root, [root, next]));
    await call();
    machine.identity = await machineOf(root, [root, next]);
    await call();
    machine.identity = await machineOf(next, [root, next]);
    await call();
    await rotate(lab, service, await serverOf(next, [root, next]));
    await call();
    const underWay = await inMidCall(() => machine.renew(service, machine.renewAsk("NotReady")));
    await rotate(lab, service, await serverOf(next, [next]));
    underWay.letGo();
    assert.equal(await underWay.told, "ok", "a withdrawn anchor sends connections away, not calls");
    machine.identity = await machineOf(next, [next]);
    await call();
    assert.equal(await lab.condition(machine.name), "True Ready");
  });

  it("without an overlap: refused on both sides with a reason, and served again as soon as the machine has the new root", async () => {
    const next = await mintRoot();
    await using scene = await set();
    const { lab, service, machine } = scene;
    const { root } = lab;
    assert.deepEqual([await machine.register(service), await machine.renew(service)], ["ok", "ok"]);
    const before = service.server.counts().failedHandshakes;
    await rotate(lab, service, await serverOf(next, [next]));
    const refused = await machine.client(service).renew(machine.renewAsk(), AbortSignal.timeout(8000));
    assert.ok(!refused.ok);
    assert.deepEqual([refused.refusal.reason, refused.refusal.code, refused.refusal.next], ["UNAVAILABLE", "UNAVAILABLE", "backoff"]);
    assert.match(refused.refusal.message, /certificate/u);
    // The server is believed again, but does not believe the machine's old certificate.
    machine.identity = await machineOf(root, [root, next]);
    assert.equal(await machine.renew(service), "UNAVAILABLE");
    assert.ok(service.server.counts().failedHandshakes > before);
    machine.identity = await machineOf(next, [next]);
    assert.deepEqual([await machine.renew(service), await lab.condition(machine.name)], ["ok", "True Ready"]);
  });
});
