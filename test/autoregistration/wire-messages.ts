import fc from "fast-check";
import { DeregisterRequest, RegisterRequest, RenewRequest, WatchRequest, type Incarnation } from "../../src/registration/generated/registration.ts";

/** What the service handed out to a caller, for messages that use it rightly or wrongly. */
export interface Handed {
  readonly caller: number;
  readonly incarnation: Incarnation | undefined;
  readonly name: string;
  readonly token: string;
  readonly version: string;
}

/** What is sent once it is known what has been handed out, and by whom. */
type Message<Kind extends string, Q> = { readonly kind: Kind; readonly make: (handed: readonly Handed[]) => { readonly caller: number; readonly request: Q } };

/** One message of a caller, or time that passes. */
export type Sent = Message<"register", RegisterRequest> | Message<"renew", RenewRequest> | Message<"deregister", DeregisterRequest> | Message<"watch", WatchRequest> | { readonly kind: "time"; readonly milliseconds: number };

// Mostly what a machine would say, so that a call gets beyond its first check; sometimes anything.
const often = <T>(good: fc.Arbitrary<T>, bad: fc.Arbitrary<T>): fc.Arbitrary<T> => fc.oneof({ arbitrary: good, weight: 25 }, { arbitrary: bad, weight: 1 });
const rarely = <T>(bad: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.oneof({ arbitrary: fc.constant(undefined), weight: 15 }, { arbitrary: bad, weight: 1 });
const text = fc.oneof(fc.string({ unit: "binary", maxLength: 40 }), fc.constantFrom("", "\u0000", "../..", "\u202e", "'; DROP TABLE leases; --", "__proto__", "x".repeat(5000), "\ud83d\ude00".repeat(600)));
const uint32 = fc.oneof(fc.constantFrom(0, 1, 65_535, 65_536, 4_294_967_295), fc.nat());
const uint64 = fc.oneof(fc.constantFrom(0n, 1n, 2n, 2n ** 53n - 1n, 2n ** 53n, 2n ** 64n - 1n), fc.bigInt({ min: 0n, max: 40n }));
const seconds = fc.oneof(fc.constantFrom(0n, -1n, 2n ** 63n - 1n, -(2n ** 63n)), fc.bigInt({ min: 0n, max: 2n ** 35n }));
const timestamp = fc.option(fc.record({ seconds, nanos: fc.oneof(fc.nat(999_999_999), fc.constantFrom(-1, 2 ** 31 - 1)) }), { nil: undefined });
const uuid = (n: number): string => `9e107d9d-372b-4826-a1b2-00000000000${n}`;
const ids = often(fc.nat(3).map(uuid), text);

const incarnation: fc.Arbitrary<Incarnation | undefined> = often(
  fc.record({ instanceId: ids, incarnationId: ids, startedAt: timestamp, epoch: often(fc.bigInt({ min: 1n, max: 3n }), uint64) }),
  fc.constant(undefined),
);
const health: fc.Arbitrary<unknown> = fc.option(fc.record({
  state: fc.oneof(fc.constantFrom(0, 1, 2, 3), fc.constantFrom(4, -1, 2 ** 31 - 1)), seq: uint64, reason: text, message: text,
  lastProbe: timestamp, lastTransition: timestamp, svidExpires: timestamp,
  proxyReady: fc.boolean(), identityReady: fc.boolean(), redirectReady: fc.boolean(), appReady: fc.boolean(),
}), { nil: undefined });
const address = often(fc.nat(3).map((n) => `10.0.0.${n + 1}`), fc.oneof(text, fc.ipV6(), fc.ipV4(), fc.constantFrom("fe80::1", "::", "FD00::1", "10.0.0.1.", "127.0.0.1")));
const addresses = often(fc.array(address, { minLength: 1, maxLength: 1 }), fc.array(address, { maxLength: 50 }));
const labels = often(fc.constantFrom<Record<string, string>>({}, { tier: "gold" }), fc.dictionary(text, text, { maxKeys: 40 }));
const group = often(fc.constantFrom({ namespace: "shop", name: "orders" }, { namespace: "shop", name: "closed" }), fc.option(fc.record({ namespace: text, name: text }), { nil: undefined }));

const caller = fc.nat(2);
const register = fc.tuple(caller, fc.record({
  group, incarnation, addresses, inboundPort: often(fc.constantFrom(0, 4143, 14_143), uint32), labels,
  harnessVersion: text, proxyVersion: text, os: text, hostname: text, zone: text, health, protocolMinor: uint32, features: fc.array(text, { maxLength: 3 }),
})).map(([from, message]): Sent => ({ kind: "register", make: () => ({ caller: from, request: RegisterRequest.decode(RegisterRequest.encode(message as RegisterRequest).finish()) }) }));

/** What a caller says of itself: most often what it was handed, each part sometimes another's or anybody's guess. */
const claim = fc.record({ session: fc.nat(3), caller: rarely(caller), incarnation: rarely(incarnation), name: rarely(text), token: rarely(text), version: rarely(text), other: rarely(fc.nat(3)) });
type Claim = typeof claim extends fc.Arbitrary<infer T> ? T : never;

function claimed({ session, other, ...changes }: Claim, handed: readonly Handed[]): Handed {
  const none: Handed = { caller: 0, incarnation: undefined, name: "orders-00000000", token: "", version: "" };
  const own = handed.at(-1 - session) ?? none;
  const foreign = other === undefined ? {} : { token: (handed[other] ?? none).token };
  const said = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
  return { ...own, ...foreign, ...said };
}

const namespace = often(fc.constant("shop"), text);

const renew = fc.tuple(claim, fc.record({ workloadNamespace: namespace, health, addresses })).map(([says, rest]): Sent => ({
  kind: "renew",
  make: (handed) => {
    const { caller: from, incarnation: life, name: workloadName, token: leaseToken, version: configVersion } = claimed(says, handed);
    return { caller: from, request: RenewRequest.decode(RenewRequest.encode({ ...rest, incarnation: life, workloadName, leaseToken, configVersion } as RenewRequest).finish()) };
  },
}));

const deregister = fc.tuple(claim, fc.record({ workloadNamespace: namespace, mode: fc.constantFrom(0, 1, 2, -1) })).map(([says, rest]): Sent => ({
  kind: "deregister",
  make: (handed) => {
    const { caller: from, incarnation: life, name: workloadName, token: leaseToken } = claimed(says, handed);
    return { caller: from, request: DeregisterRequest.decode(DeregisterRequest.encode({ ...rest, incarnation: life, workloadName, leaseToken } as DeregisterRequest).finish()) };
  },
}));

const watch = fc.tuple(claim, namespace).map(([says, workloadNamespace]): Sent => ({
  kind: "watch",
  make: (handed) => {
    const { caller: from, name: workloadName, token: leaseToken } = claimed(says, handed);
    return { caller: from, request: { workloadNamespace, workloadName, leaseToken } };
  },
}));

const time = fc.constantFrom(1000, 6000, 11_000, 61_000, 200_000).map((milliseconds): Sent => ({ kind: "time", milliseconds }));

/** Messages of three callers, as the wire's decoder would hand them on, and time that passes between them. */
export const someMessages: fc.Arbitrary<readonly Sent[]> = fc.array(
  fc.oneof({ arbitrary: register, weight: 4 }, { arbitrary: renew, weight: 5 }, { arbitrary: deregister, weight: 2 }, { arbitrary: watch, weight: 1 }, { arbitrary: time, weight: 2 }),
  { minLength: 1, maxLength: 60, size: "max" },
);
