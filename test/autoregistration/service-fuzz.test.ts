import assert from "node:assert/strict";
import fc from "fast-check";
import { serveRegistrar } from "../../src/autoregistration/handlers.ts";
import { parseIp, renderIp } from "../../src/model/settings/ip.ts";
import { isLabelKey, isLabelValue } from "../../src/model/settings/kinds/labels.ts";
import type { RegisterRequest } from "../../src/registration/generated/registration.ts";
import type { CallOutcome, RegistrationHandlers } from "../../src/registration/server-handlers.ts";
import { conditionSchema, leaseObjectSchema, workloadObjectSchema } from "../../src/autoregistration/stored-schema.ts";
import { Lab } from "./lab.ts";
import { group } from "./samples.ts";
import { someMessages, type Handed, type Sent } from "./wire-messages.ts";

const { signal } = new AbortController();
const rounds = Number(process.env["FUZZ_ROUNDS"] ?? 3000);
// The third one no group lets in.
const callers = ["spiffe://td/vm/a", "spiffe://td/vm/b", "spiffe://td/batch/c"];
let sent = 0;
const answers = new Map<string, number>();

/** A service whose messages are counted and whose answers feed the messages that follow. */
class Fuzzed {
  readonly lab = new Lab();
  readonly handlers: RegistrationHandlers;
  readonly handed: Handed[] = [];

  constructor() {
    const closed = group({ key: { namespace: "shop", name: "closed" }, admission: { ...group().admission, identities: [] } });
    this.lab.groups = new Map([["shop/orders", group()], ["shop/closed", closed]]);
    this.handlers = serveRegistrar(this.lab.replica().registrar, async function* () {});
  }

  async take(one: Sent): Promise<void> {
    if (one.kind === "time") return this.lab.clock.jump(one.milliseconds);
    sent += 1;
    const told = await this.#call(one);
    assert.ok(told !== "UNAVAILABLE", "nothing was away");
    answers.set(`${one.kind} ${told}`, (answers.get(`${one.kind} ${told}`) ?? 0) + 1);
  }

  async #call(one: Exclude<Sent, { kind: "time" }>): Promise<string> {
    if (one.kind === "register") return this.#register(one.make(this.handed));
    const caller = { identity: callers[one.make(this.handed).caller] ?? "", expiresAt: undefined };
    if (one.kind === "renew") return tell(await this.handlers.renew(one.make(this.handed).request, caller, signal));
    if (one.kind === "deregister") return tell(await this.handlers.deregister(one.make(this.handed).request, caller, signal));
    return tell(await this.handlers.watch(one.make(this.handed).request, caller, signal));
  }

  async #register({ caller, request }: { readonly caller: number; readonly request: RegisterRequest }): Promise<string> {
    const identity = callers[caller] ?? "";
    const outcome = await this.handlers.register(request, { identity, expiresAt: undefined }, signal);
    if (!outcome.ok) return outcome.refusal.reason;
    const { workloadName: name, lease, configVersion: version } = outcome.answer;
    assert.equal(outcome.answer.identity, identity);
    this.handed.push({ caller, incarnation: request.incarnation, name, token: lease?.token ?? "", version });
    return "ok";
  }
}

function tell<T>(outcome: CallOutcome<T>): string {
  return outcome.ok ? "ok" : outcome.refusal.reason;
}

/** What a disk gives back. */
function copyOf(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** What must hold of the store whatever was sent. */
async function assertSound({ store, clock }: Lab): Promise<void> {
  const { workloads, leases } = await store.list(signal);
  const ready = new Map<string, string>();
  for (const { value: { object, condition } } of workloads) {
    assert.deepEqual(workloadObjectSchema.parse(copyOf(object)), object, "a store on disk reads what it wrote");
    assert.match(object.key.name, /^orders-[0-9a-f]{8,16}$/u);
    assert.ok(object.identity.startsWith("spiffe://td/vm/"), "nobody whom the group does not let in");
    assert.ok(Object.entries(object.labels).every(([key, value]) => isLabelKey(key) && isLabelValue(value)));
    assert.ok(object.inboundPort >= 1 && object.inboundPort <= 65_535);
    assert.ok(object.addresses.length >= 1 && object.addresses.every((address) => renderIp(parseIp(address)!) === address));
    assert.ok(Object.values<string>({ ...object.facts }).every((fact) => /^[^\p{Cc}\p{Cf}]{0,253}$/u.test(fact)));
    if (condition === undefined) continue;
    assert.deepEqual(conditionSchema.parse(copyOf(condition)), condition);
    assert.match(condition.reason, /^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$/u);
    assert.match(condition.message, /^[^\p{Cc}\p{Cf}]{0,1024}$/u);
    const lease = leases.find(({ value }) => value.key.name === object.key.name)?.value;
    const living = lease !== undefined && clock.now().getTime() < lease.renewedAt + 60_000;
    if (!condition.ready || !living) continue;
    for (const address of object.addresses) {
      assert.ok(!ready.has(address), `${address} is ready for ${object.key.name} and ${ready.get(address)}`);
      ready.set(address, object.key.name);
    }
  }
  for (const { value } of leases) {
    assert.deepEqual(leaseObjectSchema.parse(copyOf(value)), value);
    assert.ok(workloads.some((workload) => workload.value.object.key.name === value.key.name), "a lease has its workload");
  }
}

describe("the registrar, fuzzed", () => {
  it("answers every message that a decoder lets through, and keeps its store sound", async () => {
    await fc.assert(fc.asyncProperty(someMessages, async (messages) => {
      const fuzzed = new Fuzzed();
      for (const one of messages) {
        await fuzzed.take(one);
        await assertSound(fuzzed.lab);
      }
    }), { numRuns: Math.ceil(rounds / 25) });
    console.log(`      ${sent} messages: ${[...answers].toSorted().map(([answer, times]) => `${answer} ${times}`).join(", ")}`);
    // Messages that are all refused at the door would prove nothing.
    for (const wanted of ["register ok", "renew ok", "deregister ok"]) assert.ok(answers.has(wanted), wanted);
  }).timeout(20_000 + rounds * 10);
});
