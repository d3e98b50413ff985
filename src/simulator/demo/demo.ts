import { randomUUID } from "node:crypto";
import type { Host } from "../../platform/host.ts";
import { MeshError } from "../../model/errors.ts";
import { readCapabilities } from "./capabilities.ts";
import { Lab, machines } from "./lab.ts";
import { tellOnLoopback } from "./loopback.ts";
import { openNetwork } from "./network.ts";
import type { DemoReport, PlayedStep } from "./outcome.ts";
import { playSteps, type Step } from "./play.ts";
import { commonFolder, relocateProgram, renderProxyShim } from "./programs.ts";
import { planStage, type Stage } from "./stage.ts";
import { tellStory } from "./steps.ts";

/** How the demo is played. */
export interface DemoOptions {
  readonly host: Host;
  /** A real linkerd2-proxy; our own small proxy stands in without one. */
  readonly proxyPath: string | undefined;
  /** Plays on this stage instead of the fullest one. */
  readonly stage: Stage["kind"] | undefined;
  readonly tell: (played: PlayedStep) => void;
  /** Tells what a step that takes long is doing. */
  readonly say: (title: string, doing: string) => void;
}

/** Plays the whole demo: machines join a mesh on this machine, work, fail, come back and leave, and nothing is left. */
export async function playDemo(options: DemoOptions, signal: AbortSignal): Promise<DemoReport> {
  const { host, proxyPath, stage: wished } = options;
  const began = host.clock.monotonic();
  const best = planStage(await readCapabilities(host, signal));
  const stage = wished === undefined ? best : planWished(wished, best);
  const folder = `${host.environment["TMPDIR"] ?? "/tmp"}/linkerd-mesh-demo-${randomUUID().slice(0, 8)}`;
  await using stack = new AsyncDisposableStack();
  await host.files.makeFolder(folder, 0o755);
  stack.defer(() => host.files.remove(folder));
  const story = stage.kind === "loopback" ? tellOnLoopback(host, folder, { ...stage, stack }) : await openStage({ ...options, stage: stage.kind, folder, stack }, signal);
  const clean: Step = { id: "clean", title: "Nothing is left", always: true, show: async () => {
    await stack.disposeAsync();
    return lookForRemains(host, folder);
  } };
  const steps = await playSteps([...story, clean], { clock: host.clock, tell: options.tell, say: options.say }, signal);
  return { proxy: proxyPath ?? "our own small proxy", stage: stage.kind, steps, seconds: (host.clock.monotonic() - began) / 1000 };
}

function planWished(wished: Stage["kind"], best: Stage): Stage {
  if (wished !== "loopback") return { kind: wished };
  return best.kind === "loopback" ? best : { kind: "loopback", why: "the demo was told to stay on loopback", remedy: "leave --stage out" };
}

/** Makes the network with everything that the story needs, on the stack. */
async function openStage(stage: DemoOptions & { readonly stage: Stage["kind"]; readonly folder: string; readonly stack: AsyncDisposableStack }, signal: AbortSignal): Promise<readonly Step[]> {
  const { host, folder, stack } = stage;
  const { file, args } = host.processes.self([]);
  const bind = { from: commonFolder([file, ...args]), to: `${folder}/program` };
  const program = relocateProgram(host.processes, bind);
  await host.files.makeFolder(bind.to, 0o755);
  const shim = `${folder}/linkerd2-proxy`;
  await host.files.writeAtomic(shim, renderProxyShim(program.command(["simulate", "proxy"])), { mode: 0o755 });
  const network = stack.use(await openNetwork(host, { inUserNamespace: stage.stage === "user-namespace", bind }, signal));
  // Inside the namespaces: what harness and proxy made belongs to accounts that only exist there.
  stack.defer(async () => {
    await network.machine.run({ file: "rm", args: ["-rf", ...Object.values(machines).map(({ suffix }) => `${folder}/state${suffix}`)] }, AbortSignal.timeout(5000));
  });
  return tellStory(new Lab({ host, network, program, folder, proxyPath: stage.proxyPath ?? shim }), stack);
}

/** Looks for everything that a demo makes; throws when something is there. */
async function lookForRemains(host: Host, folder: string): Promise<string> {
  const left = await host.files.stat(folder);
  // The name goes in by the standard input, so that the search does not find itself.
  const search = { file: "sh", args: ["-c", "grep -alsF -f - /proc/[0-9]*/cmdline; true"], environment: host.environment, input: folder };
  const { stdout } = await host.processes.run(search, AbortSignal.timeout(5000));
  const processes = stdout.match(/\d+/gu) ?? [];
  if (left === undefined && processes.length === 0) return "no process, no rule, no namespace, no file";
  throw new MeshError("DEMO_FAILED", { doing: "looking what is left", what: [...(left === undefined ? [] : [folder]), ...processes.map((pid) => `process ${pid}`)].join(", ") });
}
