import assert from "node:assert/strict";
import type { LogSink } from "../../../src/cli/log.ts";
import type { CommandContext } from "../../../src/cli/command.ts";
import { keepLog, tellCrash } from "../../../src/cli/logs/keep-log.ts";
import { parseLogRecord } from "../../../src/model/log-record.ts";
import { MeshError, MeshErrors } from "../../../src/model/errors.ts";
import type { LogFileSpec } from "../../../src/platform/host.ts";
import { FakeHost } from "../../fakes/host.ts";
import { noCrash } from "../in-process.ts";

/** A machine whose settings say that the log is kept. */
class KeepingHost extends FakeHost {
  override readonly environment = { PATH: "/usr/bin", LINKERD_MESH_LOG_FILE: "json", LINKERD_MESH_LOG_DIR: "/log" };
}

function contextOf(host: FakeHost, options: CommandContext["options"] = {}, crash = noCrash): { readonly context: CommandContext; readonly sink: () => LogSink | undefined } {
  let sink: LogSink | undefined;
  const context: CommandContext = {
    host, signal: new AbortController().signal, crash, options, settings: () => assert.fail("settings that are wrong must not keep the log away"),
    progress: () => undefined, result: () => undefined,
    logBesides: (given) => {
      sink = given;
    },
  };
  return { context, sink: () => sink };
}

function kept(host: FakeHost): readonly unknown[] {
  return (host.texts.get("/log/harness.log") ?? "").split("\n").filter((line) => line !== "").map((line) => {
    const { level, message, fields } = parseLogRecord(line) ?? assert.fail(line);
    return [level, message, ...(fields === undefined ? [] : [fields])];
  });
}

describe("the harness's log in a file", () => {
  it("has what the work logs while it lasts, and no more after", async () => {
    const host = new KeepingHost();
    const { context, sink } = contextOf(host);
    await keepLog(context, async () => sink()?.("info", "at work", { a: 1 }));
    assert.deepEqual(kept(host), [["info", "at work", { a: 1 }]]);
    assert.equal(sink(), undefined);
    assert.deepEqual([...host.locked], [], "the next harness may have it");
  });

  it("ends with every error that ends the work", async () => {
    const host = new KeepingHost();
    const failure = new MeshErrors([
      new MeshError("PORT_TAKEN", { doing: "starting", what: "port 4143 is taken", remedy: "Free it.", target: "4143" }),
      new MeshError("PROXY_MISSING", { doing: "starting", what: "there is no proxy", remedy: "Install it." }),
    ]);
    await assert.rejects(keepLog(contextOf(host).context, () => Promise.reject(failure)), failure);
    await assert.rejects(keepLog(contextOf(host).context, () => Promise.reject(new Error("nobody foresaw this"))));
    assert.deepEqual(kept(host).map((line) => (line as readonly unknown[]).at(-1)).map((fields) => (fields as { readonly code: string }).code), ["PORT_TAKEN", "PROXY_MISSING", "INTERNAL"]);
    assert.deepEqual(kept(host)[0], ["error", failure.errors[0]?.message, { code: "PORT_TAKEN", hint: "Free it.", target: "4143" }]);
  });

  it("ends with the error that nobody caught, and its stack, while the work goes on", async () => {
    const host = new KeepingHost();
    const crash = new TypeError("x is not a function");
    await assert.rejects(keepLog(contextOf(host, {}, Promise.reject(crash)).context, () => Promise.withResolvers<never>().promise), crash);
    const [[level, , fields] = []] = kept(host) as [string, string, { readonly code: string; readonly stack: string }][];
    assert.deepEqual([level, fields?.code, fields?.stack], ["error", "INTERNAL", crash.stack]);
  });

  it("is not kept where it is off, and not by root, who becomes another account first", async () => {
    for (const host of [new FakeHost(), Object.assign(new KeepingHost(), { who: { name: "root", uid: 0, mayRedirect: true } })]) {
      const { context, sink } = contextOf(host);
      await keepLog(context, () => Promise.resolve(assert.equal(sink(), undefined)));
      assert.equal(host.texts.size, 0);
    }
  });

  it("is another harness's own: this one works on and says so", async () => {
    const host = new KeepingHost();
    host.locked.add("/log/harness.lock");
    const { context, sink } = contextOf(host);
    await keepLog(context, () => Promise.resolve(assert.equal(sink(), undefined)));
    assert.deepEqual(host.log.messages, ["another harness keeps the log in /log: this one's is here alone"]);
  });

  it("is kept without a lock where there can be none: the log itself tells what is wrong, and tries again", async () => {
    const host = new KeepingHost();
    host.files.lock = () => Promise.reject(new MeshError("FILE_FAILED", { doing: "locking", what: "no such folder", target: "/log" }));
    const { context, sink } = contextOf(host);
    await keepLog(context, async () => sink()?.("info", "at work", {}));
    assert.deepEqual(kept(host), [["info", "at work"]]);
    assert.deepEqual(host.log.messages, []);
  });

  it("tells its trouble on stderr, not in the file that is in trouble", async () => {
    const host = new KeepingHost();
    let spec: LogFileSpec | undefined;
    host.files.openLogFile = (given) => {
      spec = given;
      return { write: () => undefined, [Symbol.dispose]: () => undefined };
    };
    const { context, sink } = contextOf(host);
    await keepLog(context, async () => {
      const before = sink();
      spec?.onTrouble(new MeshError("DISK_FULL", { doing: "writing /log", what: "no space left", target: "/log" }));
      assert.equal(sink(), before, "and then goes on with both");
    });
    assert.deepEqual(host.log.lines.map(({ level, fields }) => [level, fields["code"]]), [["warn", "DISK_FULL"]]);
  });

  it("of a service tells the system's log of events what ended it and what is wrong with the files, by the numbers of the errors", async () => {
    const host = new KeepingHost();
    let spec: LogFileSpec | undefined;
    host.files.openLogFile = (given) => {
      spec = given;
      return { write: () => undefined, [Symbol.dispose]: () => undefined };
    };
    const fail = (): Promise<never> => {
      spec?.onTrouble(new MeshError("DISK_FULL", { doing: "writing /log", what: "no space left", target: "/log" }));
      return Promise.reject(new MeshError("PORT_TAKEN", { doing: "starting", what: "port 4143 is taken", remedy: "Free it." }));
    };
    await assert.rejects(keepLog(contextOf(host, { service: true }).context, fail));
    assert.deepEqual(host.events.map(({ level, number }) => [level, number]), [["warn", 21], ["error", 33]]);
    assert.match(host.events[1]?.text ?? "", /port 4143 is taken[^]*Free it\.[^]*PORT_TAKEN/u);
    const byHand = new KeepingHost();
    await assert.rejects(keepLog(contextOf(byHand).context, fail));
    assert.deepEqual(byHand.events, [], "whoever runs it by hand sees stderr");
  });

  it("of a service that keeps no files is still an event when an error ends it", async () => {
    const host = new FakeHost();
    await assert.rejects(keepLog(contextOf(host, { service: true }).context, () => Promise.reject(new Error("nobody foresaw this"))));
    assert.deepEqual(host.events.map(({ level, number }) => [level, number]), [["error", 1]]);
  });

  it("has the error that nobody caught, with its trace, and so has the log of events", async () => {
    const host = new FakeHost();
    tellCrash(contextOf(host, { service: true }).context, new TypeError("nobody caught this"));
    const [line] = host.log.lines;
    assert.deepEqual([line?.level, line?.fields["code"]], ["error", "INTERNAL"]);
    assert.match(String(line?.fields["stack"]), /TypeError: nobody caught this\n {4}at /u);
    assert.deepEqual(host.events.map(({ level, number }) => [level, number]), [["error", 1]]);
  });
});
