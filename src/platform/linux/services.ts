import { MeshError } from "../../model/errors.ts";
import type { Finished, Processes, ServiceFacts, Services, ServiceState } from "../host.ts";

// systemd answers at once; a start of a unit may take as long as its own time limit.
const patience = 90_000;

/** The services of systemd. The unit is the package's: it is started and stopped here, never made or removed. */
export function systemdServices(processes: Processes, environment: Readonly<Record<string, string | undefined>>): Services {
  const systemctl = async (...args: readonly string[]): Promise<Finished> => {
    try {
      return await processes.run({ file: "systemctl", args, environment: { PATH: environment["PATH"] ?? "", LC_ALL: "C" } }, AbortSignal.timeout(patience));
    } catch (cause) {
      if (cause instanceof MeshError && cause.code === "PROGRAM_MISSING") throw unsupported("this machine has no systemctl");
      throw cause;
    }
  };
  const order = async (verb: string, name: string): Promise<void> => {
    const { code, stderr } = await systemctl("--no-block", "--no-ask-password", verb, unitOf(name));
    if (code !== 0) throw refusal({ verb, name, code, words: stderr });
  };
  return {
    read: async (name) => parseUnit((await systemctl("show", `--property=${properties.join(",")}`, unitOf(name))).stdout),
    apply: () => Promise.reject(unsupported("the unit comes with the package")),
    remove: () => Promise.reject(unsupported("the unit goes with the package")),
    start: (name) => order("start", name),
    stop: (name) => order("stop", name),
    serve: () => Promise.reject(unsupported("systemd runs the harness like any other process")),
  };
}

const properties = ["LoadState", "ActiveState", "MainPID", "UnitFileState", "User", "ExecStart", "ExecMainStatus", "Result"];

/** What `systemctl show` prints; undefined when no such unit is loaded. */
export function parseUnit(text: string): ServiceFacts | undefined {
  const found = new Map(text.split("\n").map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
  const read = (name: string): string => found.get(name) ?? "";
  if (read("LoadState") !== "loaded" && read("LoadState") !== "masked") return undefined;
  const pid = Number(read("MainPID"));
  return {
    state: states[read("ActiveState")] ?? "stopped",
    pid: pid > 0 ? pid : undefined,
    start: starts[read("UnitFileState")] ?? "manual",
    account: read("User") === "" ? "root" : read("User"),
    command: /argv\[\]=(.*?) ;/u.exec(read("ExecStart"))?.[1] ?? "",
    exit: { system: Number(read("ExecMainStatus")), own: 0 },
  };
}

const states: Readonly<Record<string, ServiceState>> = { active: "running", reloading: "running", activating: "starting", deactivating: "stopping" };
const starts: Readonly<Record<string, ServiceFacts["start"]>> = { enabled: "automatic", "enabled-runtime": "automatic", static: "automatic", masked: "disabled" };

// systemctl's exit codes are those of LSB's init scripts.
const kinds: Readonly<Record<number, "SERVICE_DENIED" | "SERVICE_ABSENT">> = { 4: "SERVICE_DENIED", 5: "SERVICE_ABSENT" };

function refusal({ verb, name, code, words }: { readonly verb: string; readonly name: string; readonly code: number | undefined; readonly words: string }): MeshError {
  const what = words.replaceAll(/\s+/gu, " ").trim();
  const kind = kinds[code ?? 0] ?? "SERVICE_FAILED";
  return new MeshError(kind, { doing: `asking systemd to ${verb} ${unitOf(name)}`, what: what === "" ? `systemctl ended with ${code ?? "a signal"}` : what, target: unitOf(name) });
}

function unsupported(what: string): MeshError {
  return new MeshError("SERVICE_UNSUPPORTED", { doing: "looking at the services of this machine", what });
}

function unitOf(name: string): string {
  return `${name}.service`;
}
