import { randomUUID } from "node:crypto";
import type { Host } from "../../platform/host.ts";
import { MeshError } from "../../model/errors.ts";
import { readCapabilities } from "./capabilities.ts";
import { Lab } from "./lab.ts";
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
}

/** Plays the whole demo: a machine joins a mesh on this machine, works, leaves, and nothing is left. */
export async function playDemo({ host, proxyPath, stage: wished, tell }: DemoOptions, signal: AbortSignal): Promise<DemoReport> {
  const began = host.clock.monotonic();
  const best = planStage(await readCapabilities(host, signal));
  const stage: Stage = wished === undefined || wished === "loopback" ? best : { kind: wished };
  const proxy = proxyPath ?? "our own small proxy";
  const steps = stage.kind === "loopback" ? listUnshown(stage) : await playOnStage({ host, proxyPath, stage: wished, tell }, stage, signal);
  if (stage.kind === "loopback") for (const step of steps) tell(step);
  return { proxy, stage: stage.kind, steps, seconds: (host.clock.monotonic() - began) / 1000 };
}

async function playOnStage({ host, proxyPath, tell }: DemoOptions, stage: Stage, signal: AbortSignal): Promise<readonly PlayedStep[]> {
  const folder = `${host.environment["TMPDIR"] ?? "/tmp"}/linkerd-mesh-demo-${randomUUID().slice(0, 8)}`;
  const { file, args } = host.processes.self([]);
  const bind = { from: commonFolder([file, ...args]), to: `${folder}/program` };
  const program = relocateProgram(host.processes, bind);
  await using stack = new AsyncDisposableStack();
  await host.files.makeFolder(folder, 0o755);
  stack.defer(() => host.files.remove(folder));
  await host.files.makeFolder(bind.to, 0o755);
  const shim = `${folder}/linkerd2-proxy`;
  await host.files.writeAtomic(shim, renderProxyShim(program.command(["simulate", "proxy"])), { mode: 0o755 });
  const network = stack.use(await openNetwork(host, { inUserNamespace: stage.kind === "user-namespace", bind }, signal));
  // Inside the namespaces: what harness and proxy made belongs to accounts that only exist there.
  stack.defer(async () => void (await network.machine.run({ file: "rm", args: ["-rf", `${folder}/state`] }, AbortSignal.timeout(5000))));
  const lab = new Lab({ host, network, program, folder, proxyPath: proxyPath ?? shim });
  const programs = stack.use(new AsyncDisposableStack());
  const clean: Step = { id: "clean", title: "Nothing is left", always: true, show: async () => {
    await programs.disposeAsync();
    await stack.disposeAsync();
    return lookForRemains(host, folder);
  } };
  return await playSteps([...tellStory(lab, programs), clean], { clock: host.clock, tell }, signal);
}

/** Looks for everything that a demo makes; throws when something is there. */
async function lookForRemains(host: Host, folder: string): Promise<string> {
  const left = await host.files.stat(folder);
  const { stdout } = await host.processes.run({ file: "pgrep", args: ["-f", folder], environment: host.environment }, AbortSignal.timeout(5000));
  const processes = stdout.split("\n").filter((line) => line !== "");
  if (left === undefined && processes.length === 0) return "no process, no rule, no namespace, no file";
  throw new MeshError("DEMO_FAILED", { doing: "looking what is left", what: [...(left === undefined ? [] : [folder]), ...processes.map((pid) => `process ${pid}`)].join(", ") });
}

function listUnshown({ why, remedy }: Extract<Stage, { kind: "loopback" }>): readonly PlayedStep[] {
  return [{ id: "all", title: "A machine joins, works and leaves", seconds: 0, outcome: { status: "not shown", why, remedy } }];
}
