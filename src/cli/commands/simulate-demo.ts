import { z } from "zod";
import { playDemo } from "../../simulator/demo/demo.ts";
import { isPassed, renderDemo, type DemoReport, type PlayedStep } from "../../simulator/demo/outcome.ts";
import type { Command } from "../command.ts";

const outcome = z.discriminatedUnion("status", [
  z.object({ status: z.literal("shown"), evidence: z.string() }),
  z.object({ status: z.literal("not shown"), why: z.string(), remedy: z.string() }),
  z.object({ status: z.literal("failed"), error: z.string() }),
  z.object({ status: z.literal("not run"), why: z.string() }),
]);

/** The whole story on this machine: join, work, leave. */
export const simulateDemo: Command = {
  name: ["simulate", "demo"],
  describe: "Show machines join a small mesh, work over mTLS, fail, come back and leave, all on this machine",
  options: {
    stage: { type: "string", choices: ["namespaces", "user-namespace", "loopback"], describe: "Play here instead of where this machine allows most" },
  },
  examples: [
    { line: "linkerd-mesh simulate demo", does: "Plays it, best as root on Linux" },
    { line: "PROXY_PATH=/usr/lib/linkerd-mesh/linkerd2-proxy linkerd-mesh simulate demo", does: "Plays it with the real proxy" },
  ],
  output: z.object({
    proxy: z.string(),
    stage: z.enum(["namespaces", "user-namespace", "loopback"]),
    seconds: z.number(),
    steps: z.array(z.object({ id: z.string(), title: z.string(), seconds: z.number(), outcome })),
  }),
  render: (report: DemoReport) => renderDemo(report),
  async run({ host, options, signal, progress, result }) {
    const stage = options["stage"] as DemoReport["stage"] | undefined;
    const tell = ({ title, outcome: { status } }: PlayedStep): void => progress(title, status);
    const report = await playDemo({ host, proxyPath: host.environment["PROXY_PATH"], stage, tell, say: progress }, signal);
    result(report);
    return isPassed(report) ? 0 : 1;
  },
};
