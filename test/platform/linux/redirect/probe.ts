// Uses the redirector from inside a namespace, as whatever user it was started, and prints what it saw.
import { nftRedirector } from "../../../../src/platform/linux/redirector.ts";
import { plan, toolsIn } from "./lab.ts";

const redirector = nftRedirector(toolsIn([]));
const signal = AbortSignal.timeout(10_000);
const [what] = process.argv.slice(2);
const say = (value: unknown): void => { process.stdout.write(`${JSON.stringify(value)}\n`); };

async function cycle(): Promise<void> {
  const refuse = { ...plan, mode: "refuse" } as const;
  say(await redirector.obstacle() ?? "no obstacle");
  const active = await redirector.enable(plan, signal);
  say(await redirector.observe(plan, signal));
  await active.replace(refuse, signal);
  say(await redirector.observe(refuse, signal));
  await active[Symbol.asyncDispose]();
  say(await redirector.observe(undefined, signal));
}

async function hold(): Promise<void> {
  await redirector.enable(plan, signal);
  say("holding");
}

await (what === "hold" ? hold() : cycle());
