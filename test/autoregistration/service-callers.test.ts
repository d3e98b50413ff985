import assert from "node:assert/strict";
import { credentials, Metadata, type ServiceError } from "@grpc/grpc-js";
import { decodeRefusal } from "../../src/registration/error-details.ts";
import { RegistrationClient as RawClient, type RegisterResponse } from "../../src/registration/generated/registration.ts";
import { encodeRegister, encodeRenew } from "../../src/registration/messages-calls.ts";
import { serverName } from "../registration/wire-lab.ts";
import { ServiceLab, trust, type Service } from "./service-lab.ts";
import { WireMachine } from "./wire-machine.ts";

const { signal } = new AbortController();
const id = `${trust}/vm/orders`;
const header = "l5d-client-id";

type Headers = readonly (readonly [string, string])[];

/** A call as whatever stands before the service passes it on: its headers, over plaintext. */
async function callBehindProxy({ server }: Service, headers: Headers, call: (client: RawClient, metadata: Metadata, done: (error: ServiceError | null, answer: unknown) => void) => void): Promise<string> {
  const client = new RawClient(`${server.address.host}:${server.address.port}`, credentials.createInsecure(), { "grpc.use_local_subchannel_pool": 1 });
  const metadata = new Metadata();
  for (const [name, value] of headers) metadata.add(name, value);
  const told = await new Promise<string>((resolve) => call(client, metadata, (error, answer) => resolve(error ? `${decodeRefusal(error).reason} ${decodeRefusal(error).message}` : ((answer as Partial<RegisterResponse>).identity ?? "ok"))));
  client.close();
  return told;
}

describe("callers of a registration service behind a mesh proxy", () => {
  it("are whom the proxy's one header names; without it, as in transparent mode, with a name of the mesh or with two there is nobody, in any call", async () => {
    await using lab = await ServiceLab.open();
    const service = await lab.service({ server: { auth: { kind: "sidecar" } } });
    const machine = await WireMachine.make(lab);
    const register = (headers: Headers): Promise<string> => callBehindProxy(service, headers, (client, metadata, done) => client.register(encodeRegister(machine.registerAsk()), metadata, done));
    const nobodies: readonly Headers[] = [
      [], [[header, ""]], [[header, "default.shop.serviceaccount.identity.linkerd.cluster.local"]], [[header, id], [header, id]], [[header, id], [header, `${trust}/vm/other`]],
      [[header, `${id},${trust}/vm/other`]], [[header, `${id}/`]], [[header, "spiffe://root.linkerd.cluster.local"]], [["x-forwarded-client-cert", `URI=${id}`]], [["authorization", id]],
    ];
    for (const headers of nobodies) assert.match(await register(headers), /^NO_IDENTITY /u, JSON.stringify(headers));
    assert.match(await register([]), /the port is opaque or skipped/u);
    assert.deepEqual(await lab.store.list(signal), { workloads: [], leases: [] });
    assert.equal(await register([[header, id]]), id);
    const renew = (headers: Headers): Promise<string> => callBehindProxy(service, headers, (client, metadata, done) => client.renew(encodeRenew(machine.renewAsk()), metadata, done));
    for (const headers of nobodies) assert.match(await renew(headers), /^NO_IDENTITY /u);
  });
});

describe("callers of a registration service with mTLS of its own", () => {
  it("are their certificate's first name, and nobody when that is a DNS name: to Linkerd such a machine would be somebody else", async () => {
    await using lab = await ServiceLab.open();
    const service = await lab.service();
    const first = await WireMachine.make(lab, { identity: await lab.identity(id, { dnsNames: ["orders.example"], dnsFirst: true }) });
    assert.deepEqual([await first.register(service), await first.renew(service)], ["NO_IDENTITY", "NO_IDENTITY"]);
    assert.deepEqual(await lab.store.list(signal), { workloads: [], leases: [] });
    const second = await WireMachine.make(lab, { identity: await lab.identity(id, { dnsNames: ["orders.example"] }) });
    assert.deepEqual([await second.register(service), second.joined?.identity], ["ok", id]);
  });

  it("are no whit more for a header that names somebody else", async () => {
    await using lab = await ServiceLab.open();
    const service = await lab.service();
    const [victim, thief] = [await WireMachine.make(lab), await WireMachine.make(lab, { id: `${trust}/vm/thief` })];
    assert.deepEqual([await victim.register(service), await victim.renew(service)], ["ok", "ok"]);
    const before = await lab.stored(victim.name);
    const { cert, key } = thief.identity.tlsCredentials();
    const channel = credentials.createSsl(Buffer.from(thief.identity.bundle.pem()), Buffer.from(key), Buffer.from(cert));
    const client = new RawClient(`127.0.0.1:${service.server.address.port}`, channel, { "grpc.ssl_target_name_override": serverName, "grpc.default_authority": serverName, "grpc.use_local_subchannel_pool": 1 });
    const metadata = new Metadata();
    metadata.set(header, victim.identity.id);
    const reason = await new Promise<string>((resolve) => client.renew(encodeRenew(victim.renewAsk("NotReady")), metadata, (error) => resolve(error ? decodeRefusal(error).reason : "ok")));
    client.close();
    assert.equal(reason, "LEASE_INVALID");
    assert.equal(await lab.stored(victim.name), before);
  });
});
