import type { Command } from "../command.ts";
import { parseProxyConfiguration } from "../../simulator/proxy/configuration.ts";
import { describeLine, type LogLine } from "../../simulator/proxy/log.ts";
import { misbehaviours, parseMisbehaviour } from "../../simulator/proxy/misbehaviour.ts";
import { runProxy } from "../../simulator/proxy/proxy.ts";

/** Our own small mesh proxy, where there is no linkerd2-proxy. */
export const simulateProxy: Command = {
  name: ["simulate", "proxy"],
  describe: "Run a small mesh proxy in the place of linkerd2-proxy, configured by the same LINKERD2_PROXY_ variables",
  options: {
    misbehave: { type: "string", repeat: true, describe: `Make it misbehave: ${Object.values(misbehaviours).join("; ")}` },
  },
  examples: [{ line: "linkerd-mesh simulate proxy --misbehave crash-after=5000", does: "Ends with an error after five seconds, for rehearsals" }],
  // The lines are those of linkerd2-proxy, in either form of output.
  render: (line: LogLine) => JSON.stringify(line),
  async run({ host, options, signal, result }) {
    const given = options["misbehave"];
    const misbehaviour = parseMisbehaviour(Array.isArray(given) ? given.map(String) : []);
    const configuration = parseProxyConfiguration(host.environment);
    await runProxy({ host, configuration, misbehaviour, say: (level, message, fields = {}) => result(describeLine(host.clock.now(), level, { message, fields })) }, signal);
    return 0;
  },
};
