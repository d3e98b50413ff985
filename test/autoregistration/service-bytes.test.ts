import assert from "node:assert/strict";
import { Client, credentials, Metadata, status, type ServiceError } from "@grpc/grpc-js";
import fc from "fast-check";
import { DeregisterRequest, RegisterRequest, RegistrationService, RenewRequest } from "../../src/registration/generated/registration.ts";
import { encodeDeregister, encodeRegister, encodeRenew } from "../../src/registration/messages-calls.ts";
import { openGroup, ServiceLab, trust } from "./service-lab.ts";
import { WireMachine } from "./wire-machine.ts";

const { signal } = new AbortController();
const rounds = Math.ceil(Number(process.env["FUZZ_ROUNDS"] ?? 3000) / 3);
const id = `${trust}/vm/orders`;

/** Sends bytes as a message of that method; resolves to the gRPC code. */
function send(client: Client, path: string, bytes: Uint8Array): Promise<status> {
  const metadata = new Metadata();
  metadata.set("l5d-client-id", id);
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, (message: Buffer) => message, (message: Buffer) => message, Buffer.from(bytes), metadata, { deadline: Date.now() + 20_000 }, (error: ServiceError | null) => resolve(error?.code ?? status.OK));
  });
}

describe("the registrar behind its wire, given bytes", () => {
  it("that are a machine's messages with some changed, cut off or put together: each is answered, nothing fails unforeseen, no other machine is touched", async () => {
    await using lab = await ServiceLab.open();
    lab.groupMap.set("shop/orders", openGroup());
    const service = await lab.service({ server: { auth: { kind: "sidecar" } } });
    const [machine, victim] = [await WireMachine.make(lab), await WireMachine.make(lab)];
    const client = new Client(`127.0.0.1:${service.server.address.port}`, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });
    const { register, renew, deregister } = RegistrationService;
    const samples = (one: WireMachine): readonly Uint8Array[] => [
      RegisterRequest.encode(encodeRegister(one.registerAsk())).finish(), RenewRequest.encode(encodeRenew(one.renewAsk())).finish(), DeregisterRequest.encode(encodeDeregister({ ...one.proof(), mode: "delete" })).finish(),
    ];
    assert.equal(await send(client, register.path, samples(victim)[0]!), status.OK);
    const name = (await lab.store.list(signal)).workloads[0]!.value.object.key.name;
    const before = await lab.stored(name);
    const whole = fc.constantFrom(...samples(machine));
    const spoilt = fc.tuple(whole, fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { maxLength: 6 }), fc.option(fc.nat(400), { nil: undefined }), fc.oneof(whole, fc.constant(new Uint8Array()))).map(([sample, changes, cut, more]) => {
      const changed = Uint8Array.from(sample);
      for (const [at, value] of changes) changed[at % changed.length] = value;
      return Buffer.concat([changed.subarray(0, cut), more]);
    });
    const bytes = fc.oneof({ arbitrary: spoilt, weight: 9 }, { arbitrary: whole, weight: 1 });
    const codes = new Map<string, number>();
    await fc.assert(fc.asyncProperty(fc.constantFrom(register.path, renew.path, deregister.path), bytes, async (path, message) => {
      const code = status[await send(client, path, message)] ?? "none";
      codes.set(code, (codes.get(code) ?? 0) + 1);
      assert.ok(!["DEADLINE_EXCEEDED", "UNAVAILABLE", "UNKNOWN"].includes(code), code);
    }), { numRuns: rounds });
    console.log(`      ${rounds} messages: ${[...codes].toSorted().map(([code, times]) => `${code} ${times}`).join(", ")}`);
    assert.ok((codes.get("OK") ?? 0) > 0 && (codes.get("INVALID_ARGUMENT") ?? 0) > 0);
    assert.deepEqual(lab.log.messages.filter((message) => message.includes("not foreseen")), []);
    assert.equal(await lab.stored(name), before);
    client.close();
  }).timeout(20_000 + rounds * 20);
});
