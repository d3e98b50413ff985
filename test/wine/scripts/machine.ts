// Runs inside Wine: what the Windows machine tells and does. Prints one line of JSON.
import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";
import { createWindowsHost } from "../../../src/platform/win32/host.ts";
import { makePlace, readPlace } from "../../../src/platform/win32/places.ts";
import { renderServiceSid } from "../../../src/platform/win32/sids.ts";
import { silentLog } from "../../fakes/silent-log.ts";

const [task = "", path = ""] = process.argv.slice(2);
const host = createWindowsHost({ log: silentLog, environment: { ...process.env, LINKERD_MESH_SECRET: "1" }, self: { file: process.execPath, args: [] } });

const tasks: Readonly<Record<string, () => Promise<unknown>>> = {
  async listeners() {
    const seen = [];
    for (const address of ["127.0.0.1", "::1"]) {
      const server = createServer().listen(0, address);
      await once(server, "listening");
      const { port } = server.address() as AddressInfo;
      const pid = (await host.sockets.listener(port))?.pid;
      server.close();
      await once(server, "close");
      seen.push({ ours: pid === process.pid, afterwards: (await host.sockets.listener(port)) ?? null });
    }
    return seen;
  },
  async lock() {
    await using first = await host.files.lock(path);
    const second = await host.files.lock(path);
    if (first !== undefined && second === undefined) console.log("held");
    // Until the end of the input or of the process.
    if (first !== undefined) await once(process.stdin.resume(), "end");
    return { got: first !== undefined };
  },
  async places() {
    const made = { folder: `${path}\\made\\here`, file: `${path}\\made\\a.log` };
    await makePlace(made.folder, { kind: "folder", user: renderServiceSid("a-service") }, "installation");
    await makePlace(made.file, { kind: "file", user: renderServiceSid("a-service") }, "installation");
    // Again, by a run: what is there is taken, and may be worked in.
    await host.files.makeFolder(made.folder, 0o700);
    await host.files.writeAtomic(`${made.folder}\\state.json`, "{}", { mode: 0o600 });
    await host.files.append(made.file, "a line\n");
    const own = `${path}\\own`;
    await host.files.makeFolder(own, 0o700);
    return { own: readPlace(own), folder: readPlace(made.folder), file: readPlace(made.file), texts: [await host.files.readText(`${made.folder}\\state.json`), await host.files.readText(made.file)] };
  },
  async child() {
    const script = "console.log(JSON.stringify(Object.keys(process.env)))";
    const environment = { SystemRoot: host.environment["SystemRoot"] ?? "", LINKERD2_PROXY_LOG: "warn" };
    const { code, stdout } = await host.processes.run({ file: process.execPath, args: ["-e", script], environment }, AbortSignal.timeout(30_000));
    return { code, names: JSON.parse(stdout) as unknown };
  },
};

console.log(JSON.stringify(await tasks[task]?.()));
