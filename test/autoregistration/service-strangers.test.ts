import assert from "node:assert/strict";
import type { DeregisterAsk, RegisterAsk } from "../../src/registration/messages-calls.ts";
import { ServiceLab, trust, watchRaw, type Service } from "./service-lab.ts";
import { tellAll, WireMachine } from "./wire-machine.ts";

type Proof = Omit<DeregisterAsk, "mode">;

/** What a thief may take from the victim; each alone and in every combination. */
const loot: Readonly<Record<string, (own: Proof, victim: Proof) => Proof>> = {
  name: (own, { workload }) => ({ ...own, workload }),
  token: (own, { token }) => ({ ...own, token }),
  instance: (own, { incarnation }) => ({ ...own, incarnation: { ...own.incarnation, instanceId: incarnation.instanceId } }),
  incarnation: (own, { incarnation }) => ({ ...own, incarnation: { ...own.incarnation, incarnationId: incarnation.incarnationId } }),
  epoch: (own, { incarnation }) => ({ ...own, incarnation: { ...own.incarnation, epoch: incarnation.epoch } }),
};

function combinations(parts: readonly string[]): readonly (readonly string[])[] {
  return Array.from({ length: 2 ** parts.length }, (_, bits) => parts.filter((_part, index) => (bits & (1 << index)) !== 0));
}

function take(parts: readonly string[], own: Proof, victim: Proof): Proof {
  return parts.reduce((proof, part) => loot[part]!(proof, victim), own);
}

interface Scene {
  readonly lab: ServiceLab;
  readonly service: Service;
  readonly victim: WireMachine;
  /** Another SPIFFE id that the group lets in: the strongest stranger. */
  readonly thief: WireMachine;
}

async function set(lab: ServiceLab): Promise<Scene> {
  const service = await lab.service();
  const [victim, thief] = [await WireMachine.make(lab), await WireMachine.make(lab, { id: `${trust}/vm/thief` })];
  assert.equal(await victim.register(service), "ok");
  assert.equal(await victim.renew(service), "ok");
  assert.equal(await thief.register(service), "ok");
  return { lab, service, victim, thief };
}

/** What a service says to a token that nobody ever had, for a workload that nobody ever had. */
async function askNonsense({ thief, service }: Scene, identity = thief.identity): Promise<Readonly<Record<"renew" | "deregister" | "watch", string>>> {
  const [own, client] = [thief.proof(), thief.client(service)];
  const nonsense = { ...own, workload: { namespace: "shop", name: "orders-00000000" }, token: Buffer.alloc(32, 7).toString("base64url") };
  const { told, close } = await watchRaw(service, identity, { workloadNamespace: "shop", workloadName: "orders-00000000", leaseToken: nonsense.token });
  close();
  return {
    renew: await tellAll(client.renew({ ...thief.renewAsk(), ...nonsense }, AbortSignal.timeout(5000))),
    deregister: await tellAll(client.deregister({ ...nonsense, mode: "delete" }, AbortSignal.timeout(5000))),
    watch: told,
  };
}

describe("a stranger: another SPIFFE id that presents what is a victim's", () => {
  it("renews and ends nothing with any combination of name, token, instance, incarnation and epoch, and learns nothing from the answer", async () => {
    await using lab = await ServiceLab.open();
    const scene = await set(lab);
    const { service, victim, thief } = scene;
    const [before, client, nonsense] = [await lab.stored(victim.name), thief.client(service), await askNonsense(scene)];
    const proofs = combinations(Object.keys(loot)).map((parts) => take(parts, thief.proof(), victim.proof()));
    // Without anything of the victim's it is an honest call; the epoch alone is the thief's own, too.
    const stolen = proofs.filter((proof) => JSON.stringify(proof) !== JSON.stringify(thief.proof()));
    assert.equal(stolen.length, 30);
    for (const proof of stolen) {
      for (const addresses of [thief.addresses, victim.addresses]) {
        assert.equal(await tellAll(client.renew({ ...thief.renewAsk("NotReady"), ...proof, addresses }, AbortSignal.timeout(5000))), nonsense.renew, JSON.stringify(proof));
      }
      for (const mode of ["drain", "delete"] as const) assert.equal(await tellAll(client.deregister({ ...proof, mode }, AbortSignal.timeout(5000))), nonsense.deregister);
    }
    assert.equal(await lab.stored(victim.name), before, "the victim's workload and lease are as they were");
    assert.equal(await victim.renew(service), "ok");
  });

  it("watches nobody's workload, neither with the victim's token nor with its own", async () => {
    await using lab = await ServiceLab.open();
    const scene = await set(lab);
    const { service, victim, thief } = scene;
    const nonsense = await askNonsense(scene);
    for (const [workload, token] of [[victim.proof().workload, victim.proof().token], [victim.proof().workload, thief.proof().token], [thief.proof().workload, victim.proof().token], [victim.proof().workload, ""]] as const) {
      const { told, close } = await watchRaw(service, thief.identity, { workloadNamespace: workload.namespace, workloadName: workload.name, leaseToken: token });
      close();
      assert.equal(told, nonsense.watch);
    }
    const own = await watchRaw(service, victim.identity, { workloadNamespace: "shop", workloadName: victim.name, leaseToken: victim.proof().token });
    assert.equal(own.told, "ok");
    own.close();
  });

  it("registers as itself whatever it says of its instance, incarnation and epoch, and never at the victim's address", async () => {
    await using lab = await ServiceLab.open();
    const { service, victim, thief } = await set(lab);
    const before = await lab.stored(victim.name);
    for (const [index, parts] of combinations(["instance", "incarnation", "epoch"]).entries()) {
      const { incarnation } = take(parts, thief.proof(), victim.proof());
      for (const epoch of [incarnation.epoch, victim.incarnation.epoch + 1, Number.MAX_SAFE_INTEGER]) {
        // Its own workloads, made by one instance id after the other, shall not be in each other's way.
        const addresses = [`10.201.${parts.includes("instance") ? 1 : 0}.${index}`];
        const ask: RegisterAsk = { ...thief.registerAsk(), incarnation: { ...incarnation, epoch }, addresses };
        const outcome = await thief.client(service).register(ask, AbortSignal.timeout(5000));
        if (outcome.ok) assert.notEqual(outcome.answer.workload.name, victim.name);
        else assert.match(outcome.refusal.reason, /^(?:SUPERSEDED|DUPLICATE_INSTANCE)$/u, "by the thief's own earlier incarnations");
        const taken = await thief.client(service).register({ ...ask, addresses: victim.addresses }, AbortSignal.timeout(5000));
        assert.ok(!taken.ok && /^(?:ADDRESS_IN_USE|SUPERSEDED|DUPLICATE_INSTANCE)$/u.test(taken.refusal.reason));
        if (taken.refusal.reason === "ADDRESS_IN_USE") assert.doesNotMatch(taken.refusal.message, new RegExp(`${victim.name}|${victim.identity.id}`, "u"));
      }
    }
    assert.equal(await lab.stored(victim.name), before);
    assert.equal(await victim.renew(service), "ok");
    assert.equal(await lab.condition(victim.name), "True Ready");
  });

  it("is told by its group's rule alone when the group does not let it in, whether the victim lives or not", async () => {
    await using lab = await ServiceLab.open();
    const { service, victim } = await set(lab);
    const outsider = await WireMachine.make(lab, { id: `${trust}/batch/outsider` });
    const before = await lab.stored(victim.name);
    const ask = outsider.registerAsk();
    const answers = await Promise.all([{}, { addresses: victim.addresses }, { incarnation: victim.incarnation }, { incarnation: victim.incarnation, addresses: victim.addresses }]
      .map((change) => tellAll(outsider.client(service).register({ ...ask, ...change }, AbortSignal.timeout(5000)))));
    assert.equal(new Set(answers).size, 1);
    assert.match(answers[0]!, /^IDENTITY_NOT_ALLOWED \| PERMISSION_DENIED/u);
    assert.equal(await lab.stored(victim.name), before);
  });

  it("does not use up the victim's calls, though it claims the victim's instance", async () => {
    await using lab = await ServiceLab.open();
    const wide = { perSecond: 1e6, burst: 1e6 };
    const service = await lab.service({ rates: { register: { perSecond: 0.2, burst: 3 }, renew: { perSecond: 1, burst: 5 }, identity: wide, all: wide } });
    const [victim, thief] = [await WireMachine.make(lab), await WireMachine.make(lab, { id: `${trust}/vm/thief` })];
    assert.equal(await victim.register(service), "ok");
    thief.incarnation = victim.incarnation;
    for (let call = 0; call < 8; call += 1) await thief.renew(service, victim.proof());
    assert.equal(await thief.renew(service, victim.proof()), "QUOTA");
    assert.equal(await victim.renew(service), "ok");
  });

  it("inside one SPIFFE id it is the clone rule that answers: both are told, neither is ready", async () => {
    await using lab = await ServiceLab.open();
    const { service, victim } = await set(lab);
    const twin = victim.restarted();
    twin.addresses = ["10.200.0.1"];
    assert.equal(await twin.register(service), "ok");
    lab.clock.jump(6000);
    assert.equal(await victim.renew(service), "DUPLICATE_INSTANCE");
    assert.equal(await twin.renew(service), "DUPLICATE_INSTANCE");
    assert.equal(await lab.condition(victim.name), "False DuplicateInstance");
    // The token of the first is no use to anybody but the incarnation it was given to.
    const worn = await tellAll(twin.client(service).renew({ ...twin.renewAsk(), token: victim.proof().token }, AbortSignal.timeout(5000)));
    assert.match(worn, /^LEASE_INVALID/u);
  });
});
