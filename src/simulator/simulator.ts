import type { Endpoint } from "../linkerd/addresses.ts";
import type { Access } from "../linkerd/inbound-policy.ts";
import type { Clock, Log } from "../platform/host.ts";
import { MeshError } from "../model/errors.ts";
import { isLoopback } from "../model/settings/ip.ts";
import type { Cluster } from "./cluster.ts";
import { joinCluster, type MoreOfCluster } from "./cluster-file.ts";
import { ControlPlane, type ControlService } from "./control-plane.ts";
import { Authority, type Credentials, type Subject } from "./issuer/authority.ts";
import { Issuer, type IdentityFault } from "./issuer/issuer.ts";
import { EchoPeer } from "./mesh/peer.ts";
import { controlPlaneName, machineNames, meshNamespace, meshPorts, registrationNames, serviceAccountName, type MeshNames } from "./names.ts";
import { joinMachines, type KnownMachine } from "./registered-cluster.ts";
import { isMomentary, judgeSwitch, ordinarySwitches, type SwitchName, type SwitchState } from "./switches.ts";

/** A machine that may join: where peers reach it, and the socket at which it gets its identity. */
export interface SimulatedMachine {
  readonly address: string;
  readonly socketPath: string;
}

/** What a simulated mesh is. */
export interface SimulatorOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly names: MeshNames;
  /** Address at which the control plane and the meshed service listen. */
  readonly listen: string;
  /** Addresses of the Services, at which nothing listens: of the meshed service, and of the machines. */
  readonly services: { readonly echo: Endpoint; readonly machines: Endpoint };
  readonly machines: readonly SimulatedMachine[];
  readonly applicationPort: number;
  /** Socket of the registration service; without one the machines are known from the start, as static registration has it. */
  readonly registrationSocket?: string | undefined;
  /** Called whenever a socket was made anew, for its mode. */
  readonly socketOpened: (path: string) => Promise<void>;
  /** Life of the SVIDs, milliseconds. */
  readonly ttl: number;
  /** Services and workloads besides the built-in ones. */
  readonly more?: MoreOfCluster | undefined;
}

/** How wrong a wrong clock is, milliseconds. */
const clockSkews: Readonly<Record<string, number>> = { right: 0, ahead: 300_000, behind: -300_000 };

const meshLife = 24 * 3_600_000;

/** A whole small mesh: identity issuer, destination, policy and a meshed service, each of which can be made to misbehave. */
export class Simulator implements AsyncDisposable {
  readonly #options: SimulatorOptions;
  readonly #authority: Authority;
  /** One for each socket; the first is the first machine's. */
  readonly #issuers: readonly Issuer[];
  readonly #control: Readonly<Record<ControlService, ControlPlane>>;
  readonly #peer: EchoPeer;
  readonly #switches = ordinarySwitches();
  #machines: readonly KnownMachine[];
  #stack = new AsyncDisposableStack();

  private constructor(parts: { options: SimulatorOptions; authority: Authority; issuers: readonly Issuer[]; peer: EchoPeer; credentials: Credentials }) {
    this.#options = parts.options;
    this.#authority = parts.authority;
    this.#issuers = parts.issuers;
    this.#machines = parts.options.registrationSocket === undefined ? listStatic(parts.options) : [];
    this.#peer = parts.peer;
    this.#control = { destination: this.#controlPlane("destination", parts.credentials), policy: this.#controlPlane("policy", parts.credentials) };
  }

  /** Starts everything; when one part cannot be started nothing is left. */
  static async open(options: SimulatorOptions): Promise<Simulator> {
    const { clock, names, listen } = options;
    await using stack = new AsyncDisposableStack();
    const authority = await Authority.create(names.trustDomain, clock.now());
    const life = { notBefore: clock.now(), ttl: meshLife };
    const credentials = await authority.issue({ identity: controlPlaneName(names) }, life);
    const issuers = [];
    for (const { subject, socketPath } of listSubjects(options)) {
      issuers.push(stack.use(await Issuer.open({ ...options, subject, socketPath, socketOpened: () => options.socketOpened(socketPath) }, authority)));
    }
    const peer = stack.use(new EchoPeer({
      name: "echo", listen: { ip: listen, port: meshPorts.peerProxy }, rootPem: authority.rootPem,
      credentials: await authority.issue({ identity: serviceAccountName("echo", meshNamespace, names) }, life),
    }));
    await peer.open();
    const simulator = new Simulator({ options, authority, issuers, peer, credentials });
    for (const service of Object.values(simulator.#control)) await stack.use(service).open();
    // Not earlier: what fails until here is taken down again.
    simulator.#stack = stack.move();
    return simulator;
  }

  get rootPem(): string {
    return this.#authority.rootPem;
  }

  get switches(): SwitchState {
    return { ...this.#switches };
  }

  /** Every machine that the control plane knows. */
  get machines(): readonly KnownMachine[] {
    return this.#machines;
  }

  /** Lets the control plane know these machines and no other; whoever asked before is told. */
  showMachines(machines: readonly KnownMachine[]): void {
    this.#machines = machines;
    for (const service of Object.values(this.#control)) service.refresh();
  }

  /** Credentials of anybody in the mesh, as a pod's own would be. */
  async issue(subject: Subject): Promise<Credentials> {
    return this.#authority.issue(subject, { notBefore: this.#options.clock.now(), ttl: meshLife });
  }

  /** Sets a switch; SIMULATOR_SWITCH for one that does not exist. */
  async set(name: string, value: string): Promise<void> {
    const why = judgeSwitch(name, value);
    if (why !== undefined) throw new MeshError("SIMULATOR_SWITCH", { doing: `setting ${name} to ${value}`, what: why, target: name });
    await this.#apply(name as SwitchName, value);
    if (!isMomentary(name as SwitchName, value)) this.#switches[name as SwitchName] = value;
    this.#options.log.write("info", "switched", { switch: name, value });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }

  #controlPlane(service: ControlService, credentials: Credentials): ControlPlane {
    const { listen, clock } = this.#options;
    // To a loopback address proxies speak plaintext.
    const own = isLoopback(listen) ? undefined : credentials;
    return new ControlPlane({ service, clock, listen: { ip: listen, port: meshPorts[service] }, rootPem: this.#authority.rootPem, credentials: own, cluster: () => this.#cluster() });
  }

  #cluster(): Cluster {
    const { names, listen, services, more } = this.#options;
    const identity = serviceAccountName("echo", meshNamespace, names);
    const endpoint = { ip: listen, port: meshPorts.peerApplication, identity, serverName: identity, inboundPort: meshPorts.peerProxy, http2: true };
    const echo = { name: "echo", namespace: meshNamespace, address: services.echo, endpoints: [endpoint] };
    const builtIn: Cluster = { domain: names.clusterDomain, services: [echo], workloads: [] };
    return joinCluster(joinMachines(builtIn, this.#machines, { service: services.machines, access: this.#access() }), more, endpoint);
  }

  #access(): Access {
    const value = this.#switches.access;
    if (value === "all" || value === "mesh") return value;
    if (value === "nobody") return [];
    const { names, machines } = this.#options;
    return [serviceAccountName("client", meshNamespace, names), ...machines.map((_, index) => machineNames(names, index + 1).identity)];
  }

  async #apply(name: SwitchName, value: string): Promise<void> {
    switch (name) {
      case "identity": return value === "rotate" ? this.#everyIssuer((issuer) => issuer.rotate()) : this.#issuers[0]?.misbehave(value as IdentityFault);
      case "bundle": return this.#everyIssuer((issuer) => (value === "grow" ? issuer.addRoot() : issuer.dropRoots()));
      case "issuer": return this.#everyIssuer((issuer) => applyService(issuer, value));
      case "clock": return this.#everyIssuer((issuer) => issuer.setSkew(clockSkews[value] ?? 0));
      case "destination": return applyService(this.#control.destination, value);
      case "policy": return applyService(this.#control.policy, value);
      case "peer": return applyService(this.#peer, value);
      case "peer-certificate": return this.#peer.present(await this.#peerCredentials(value));
      case "access": {
        this.#switches.access = value;
        return this.#control.policy.refresh();
      }
    }
  }

  async #everyIssuer(change: (issuer: Issuer) => Promise<void>): Promise<void> {
    await Promise.all(this.#issuers.map(change));
  }

  async #peerCredentials(value: string): Promise<Credentials> {
    const { names, clock } = this.#options;
    const authority = value === "wrong-chain" ? await Authority.create(names.trustDomain, clock.now()) : this.#authority;
    const identity = serviceAccountName(value === "wrong-id" ? "somebody-else" : "echo", meshNamespace, names);
    const age = value === "expired" ? 2 * meshLife : 0;
    return authority.issue({ identity }, { notBefore: new Date(clock.now().getTime() - age), ttl: meshLife });
  }
}

/** Who gets an identity at which socket. */
function listSubjects({ names, machines, registrationSocket }: SimulatorOptions): readonly { readonly subject: Subject; readonly socketPath: string }[] {
  const known = machines.map(({ socketPath }, index) => ({ subject: { identity: machineNames(names, index + 1).identity }, socketPath }));
  if (registrationSocket === undefined) return known;
  const { identity, serverName } = registrationNames(names);
  return [...known, { subject: { identity, also: [serverName] }, socketPath: registrationSocket }];
}

/** The machines as static registration has them: their ExternalWorkloads exist already, and are ready. */
function listStatic({ names, machines, applicationPort }: SimulatorOptions): readonly KnownMachine[] {
  return machines.map(({ address: ip }, index) => {
    const { workload: name, identity, serverName } = machineNames(names, index + 1);
    return { namespace: meshNamespace, name, ready: true, reason: "Static", ip, port: applicationPort, identity, serverName, inboundPort: meshPorts.peerProxy, http2: true };
  });
}

/** A part that can be cut, closed and slowed. */
interface Service {
  open(): Promise<void>;
  close(): Promise<void>;
  cut(): void;
  slow(milliseconds: number): void;
}

async function applyService(service: Service, value: string): Promise<void> {
  if (value === "cut") return service.cut();
  if (value === "refuse") return service.close();
  service.slow(value === "slow" ? 2000 : 0);
  await service.open();
}
