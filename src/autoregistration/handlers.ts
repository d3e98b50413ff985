import type { WatchEvent } from "../registration/generated/registration.ts";
import { refuseCall } from "../registration/reasons.ts";
import type { RegistrationHandlers } from "../registration/server-handlers.ts";
import { parseDeregister, parseRegister, parseRenew } from "./parse-calls.ts";
import type { Outcome, Registrar } from "./registrar.ts";
import { renderDeregistered, renderRegistered, renderRenewed } from "./render-answers.ts";

/** Hints for one workload, until the signal. */
export type WatchHints = (key: { readonly namespace: string; readonly name: string }, signal: AbortSignal) => AsyncIterable<WatchEvent>;

/** The registrar as the wire calls it: messages in, messages out. */
export function serveRegistrar(registrar: Registrar, watchHints: WatchHints): RegistrationHandlers {
  return {
    register: async (request, { identity }, signal) => {
      const parsed = parseRegister(request, identity);
      return parsed.ok ? answer(await registrar.register(parsed.call, signal), renderRegistered) : parsed;
    },
    renew: async (request, { identity }, signal) => {
      const parsed = parseRenew(request, identity);
      return parsed.ok ? answer(await registrar.renew(parsed.call, signal), renderRenewed) : parsed;
    },
    deregister: async (request, { identity }, signal) => {
      const parsed = parseDeregister(request, identity);
      return parsed.ok ? answer(await registrar.deregister(parsed.call, signal), renderDeregistered) : parsed;
    },
    watch: async ({ workloadNamespace: namespace, workloadName: name, leaseToken: token }, { identity }, signal) => {
      const key = { namespace, name };
      if (registrar.isHolder({ identity, key, token })) return { ok: true, answer: watchHints(key, signal) };
      return { ok: false, refusal: refuseCall("LEASE_INVALID", "The lease is not the caller's.") };
    },
  };
}

function answer<T, A>(outcome: Outcome<T>, render: (answer: T) => A): Outcome<A> {
  return outcome.ok ? { ok: true, answer: render(outcome.answer) } : outcome;
}
