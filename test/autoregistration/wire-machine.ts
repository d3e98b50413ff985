import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { openRegistrationClient, type ClientOutcome, type RegistrationClient, type RegistrationClientOptions } from "../../src/registration/client.ts";
import type { MachineHealth, MachineIncarnation } from "../../src/registration/messages.ts";
import type { DeregisterAsk, RegisterAsk, RegisteredMachine, RenewAsk, RenewedMachine } from "../../src/registration/messages-calls.ts";
import type { TlsIdentity } from "../../src/registration/tls-identity.ts";
import { serverName } from "../registration/wire-lab.ts";
import { renderRefused, trust, type Service, type ServiceLab } from "./service-lab.ts";

/** What a machine is, where it is not as usual. */
export interface MachineWish {
  /** SPIFFE id. */
  readonly id?: string;
  readonly identity?: TlsIdentity;
  readonly addresses?: readonly string[];
  readonly incarnation?: MachineIncarnation;
  readonly client?: Partial<RegistrationClientOptions>;
}

let machines = 0;

/** A machine on the real wire: what its harness keeps, and what it says with each call. */
export class WireMachine {
  readonly lab: ServiceLab;
  identity: TlsIdentity;
  incarnation: MachineIncarnation;
  addresses: readonly string[];
  joined: RegisteredMachine | undefined;
  /** The last answer to a renewal. */
  renewed: RenewedMachine | undefined;
  /** When the service last asked to be called again, milliseconds. */
  retryAfter: number | undefined;
  seq = 0;
  readonly #clients = new Map<Service, RegistrationClient>();
  readonly #options: Partial<RegistrationClientOptions>;

  constructor(lab: ServiceLab, identity: TlsIdentity, { addresses, incarnation, client = {} }: MachineWish) {
    machines += 1;
    this.lab = lab;
    this.identity = identity;
    this.addresses = addresses ?? [`10.${machines >> 16}.${(machines >> 8) & 255}.${machines & 255}`];
    this.incarnation = incarnation ?? { instanceId: randomUUID(), incarnationId: randomUUID(), startedAt: new Date(), epoch: 3 };
    this.#options = client;
    lab.held.defer(() => this.hangUp());
  }

  /** A machine that nobody knows yet. */
  static async make(lab: ServiceLab, wish: MachineWish = {}): Promise<WireMachine> {
    return new WireMachine(lab, wish.identity ?? (await lab.identity(wish.id ?? `${trust}/vm/orders`)), wish);
  }

  get name(): string {
    return this.joined?.workload.name ?? "none";
  }

  /** Another process on the same disk, `epochs` starts later. */
  restarted(epochs = 1): WireMachine {
    const incarnation = { ...this.incarnation, incarnationId: randomUUID(), epoch: this.incarnation.epoch + epochs };
    return new WireMachine(this.lab, this.identity, { addresses: this.addresses, incarnation, client: this.#options });
  }

  async register(service: Service, change: Partial<RegisterAsk> = {}): Promise<string> {
    const outcome = await this.client(service).register({ ...this.registerAsk(), ...change }, limit());
    if (outcome.ok) this.joined = outcome.answer;
    return this.#told(outcome);
  }

  async renew(service: Service, change: Partial<RenewAsk> = {}): Promise<string> {
    const outcome = await this.client(service).renew({ ...this.renewAsk(), ...change }, limit());
    if (outcome.ok) this.renewed = outcome.answer;
    return this.#told(outcome);
  }

  async leave(service: Service, mode: DeregisterAsk["mode"]): Promise<string> {
    return this.#told(await this.client(service).deregister({ ...this.proof(), mode }, limit()));
  }

  registerAsk(): RegisterAsk {
    const { incarnation, addresses } = this;
    return {
      group: { namespace: "shop", name: "orders" }, incarnation, addresses, inboundPort: 4143, labels: {}, health: health("NotReady", (this.seq += 1)),
      facts: { harnessVersion: "1", proxyVersion: "2", os: "linux", hostname: "vm", zone: "" },
    };
  }

  renewAsk(state: MachineHealth["state"] = "Ready"): RenewAsk {
    return { ...this.proof(), addresses: this.addresses, health: health(state, (this.seq += 1)), configVersion: this.joined?.configVersion ?? "" };
  }

  /** What the machine says of itself in every call after the first. */
  proof(): Omit<DeregisterAsk, "mode"> {
    return { workload: this.joined?.workload ?? { namespace: "shop", name: "none" }, token: this.joined?.lease.token ?? "", incarnation: this.incarnation };
  }

  /** Its connection to that service. */
  client(service: Service): RegistrationClient {
    const known = this.#clients.get(service);
    if (known !== undefined) return known;
    const { clock, log } = this.lab;
    const client = openRegistrationClient({ address: service.server.address, serverName, identity: () => this.identity, clock, log, ...this.#options });
    this.#clients.set(service, client);
    return client;
  }

  /** Closes its connections. */
  hangUp(): void {
    for (const client of this.#clients.values()) client[Symbol.dispose]();
    this.#clients.clear();
  }

  #told<T>(outcome: ClientOutcome<T>): string {
    this.retryAfter = outcome.ok ? undefined : outcome.refusal.retryAfter;
    return outcome.ok ? "ok" : outcome.refusal.reason;
  }
}

/** So many machines, registered and ready. */
export async function openFleet(lab: ServiceLab, service: Service, count: number): Promise<readonly WireMachine[]> {
  const machines: WireMachine[] = [];
  for (let index = 0; index < count; index += 1) machines.push(await WireMachine.make(lab));
  for (const machine of machines) assert.deepEqual([await machine.register(service), await machine.renew(service)], ["ok", "ok"]);
  return machines;
}

/** Health as a machine reports it. */
export function health(state: MachineHealth["state"], seq: number): MachineHealth {
  const ready = state === "Ready";
  return { state, seq, reason: "", message: "", proxyReady: ready, identityReady: ready, redirectReady: ready, applicationReady: ready };
}

/** The answer as text, with everything that it tells a caller who is refused. */
export async function tellAll<T>(outcome: Promise<ClientOutcome<T>>): Promise<string> {
  const settled = await outcome;
  return settled.ok ? "ok" : renderRefused(settled.refusal);
}

/** A bound that only a broken test meets. */
export function limit(): AbortSignal {
  return AbortSignal.timeout(20_000);
}
