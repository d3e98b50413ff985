import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { askApplication, watchApplication } from "../../src/harness/application-probe.ts";
import type { Verdict } from "../../src/harness/probe-threshold.ts";
import type { GroupProbe, ProbeAction } from "../../src/model/external-group.ts";
import { FakeHost } from "../fakes/host.ts";

const forever = new AbortController().signal;

function probeOf(action: ProbeAction, change: Partial<GroupProbe> = {}): GroupProbe {
  return { action, initialDelaySeconds: 0, periodSeconds: 10, timeoutSeconds: 1, successThreshold: 1, failureThreshold: 3, ...change };
}

/** An application that answers so; closed with everything that is open when disposed. */
async function openApplication(listener: RequestListener): Promise<AsyncDisposable & { readonly action: ProbeAction & { kind: "httpGet" } }> {
  const server = createServer(listener).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    action: { kind: "httpGet", host: "127.0.0.1", port: (server.address() as AddressInfo).port, path: "/", scheme: "HTTP", headers: {} },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Moves the host's clock on to whatever is slept for, until the next verdict. */
async function readNext(host: FakeHost, verdicts: AsyncGenerator<Verdict, void, void>, period: number): Promise<string> {
  let settled = false;
  const next = verdicts.next().finally(() => { settled = true; });
  for (;;) {
    await Promise.race([next, host.clock.asleep(period)]);
    if (settled) break;
    host.clock.jump(period);
  }
  const { value } = await next;
  return value === undefined ? "over" : `${value.ready ? "ready" : "unready"}: ${value.why ?? ""}`;
}

describe("the application's probe", () => {
  it("says what is the case when there is no server", async () => {
    const closed = await openApplication(() => undefined);
    await closed[Symbol.asyncDispose]();
    const { host, port } = closed.action;
    assert.match(await askApplication(new FakeHost(), probeOf(closed.action), forever) ?? "", /ECONNREFUSED/u);
    assert.match(await askApplication(new FakeHost(), probeOf({ kind: "tcpSocket", host, port }), forever) ?? "", /ECONNREFUSED/u);
  });

  it("waits no longer than the timeout, by the host's clock", async () => {
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    await using application = await openApplication(() => resolve());
    const host = new FakeHost();
    const failure = askApplication(host, probeOf(application.action, { timeoutSeconds: 7 }), forever);
    await asked;
    host.clock.jump(7000);
    assert.equal(await failure, "no answer within 7 s");
    assert.deepEqual([host.clock.sleeps, host.clock.idle], [[7000], true]);
  });

  it("tells changes only, each with the time of its answer", async () => {
    const answers = [503, 200, 200, 500, 500, 500];
    await using application = await openApplication((_, response) => response.writeHead(answers.shift() ?? 500).end());
    const host = new FakeHost();
    const stop = new AbortController();
    const verdicts = watchApplication(host, { probe: probeOf(application.action), allowExec: false }, stop.signal);
    const seen: string[] = [];
    for (let count = 0; count < 4; count += 1) seen.push(`${host.clock.monotonic() / 1000} ${await readNext(host, verdicts, 10_000)}`);
    assert.deepEqual(seen, ["0 unready: it answered with status 503", "0 ready: ", "10 ready: it answered with status 500", "30 unready: it answered with status 500"]);
    assert.equal(host.clock.monotonic(), 50_000);
    stop.abort();
    assert.equal((await verdicts.next()).done, true);
    assert.equal(host.clock.idle, true);
  });

  it("begins after the initial delay, and needs its successes", async () => {
    let asked = 0;
    await using application = await openApplication((_, response) => {
      asked += 1;
      response.end();
    });
    const host = new FakeHost();
    const probe = probeOf(application.action, { initialDelaySeconds: 30, periodSeconds: 8, successThreshold: 2 });
    const verdicts = watchApplication(host, { probe, allowExec: false }, forever);
    const first = verdicts.next();
    await host.clock.asleep(30_000);
    assert.equal(asked, 0);
    host.clock.jump(30_000);
    assert.deepEqual((await first).value, { ready: false, why: undefined, against: 1 });
    assert.equal(await readNext(host, verdicts, 8000), "ready: ");
    assert.equal(asked, 2);
    await verdicts.return();
  });

  it("keeps the grid of its period when answers are slow, and never asks twice at a time", async () => {
    const asked: (() => void)[] = [];
    let arrived = Promise.withResolvers<void>();
    await using application = await openApplication((_, response) => {
      asked.push(() => response.writeHead(200 + asked.length * 100).end());
      arrived.resolve();
    });
    const host = new FakeHost();
    const verdicts = watchApplication(host, { probe: probeOf(application.action, { timeoutSeconds: 60 }), allowExec: false }, forever);
    const first = verdicts.next();
    await arrived.promise;
    host.clock.jump(4000);
    asked[0]?.();
    await first;
    arrived = Promise.withResolvers();
    const second = verdicts.next();
    await host.clock.asleep(6000);
    assert.equal(asked.length, 1);
    host.clock.jump(6000);
    await arrived.promise;
    host.clock.jump(25_000);
    asked[1]?.();
    await second;
    // The grid's point at 30 s was missed and is made up for at once.
    arrived = Promise.withResolvers();
    const third = verdicts.next();
    await arrived.promise;
    asked[2]?.();
    await third;
    assert.equal(host.clock.monotonic(), 35_000);
    await verdicts.return();
  });

  it("ends with its signal at any moment: before the first, amid one, and between two", async () => {
    const { promise: arrived, resolve } = Promise.withResolvers<void>();
    await using application = await openApplication(() => resolve());
    const host = new FakeHost();
    const watch = { probe: probeOf(application.action), allowExec: false };
    for (const [change, moment] of [[{ initialDelaySeconds: 9 }, () => host.clock.asleep(9000)], [{}, () => arrived]] as const) {
      const stop = new AbortController();
      const next = watchApplication(host, { ...watch, probe: { ...watch.probe, ...change } }, stop.signal).next();
      await moment();
      stop.abort();
      assert.equal((await next).done, true);
      assert.equal(host.clock.idle, true);
    }
    assert.equal((await watchApplication(host, watch, AbortSignal.abort()).next()).done, true);
  });

  it("runs no program where the machine does not allow it, and says how to allow it", async () => {
    const probe = probeOf({ kind: "exec", command: ["true"] });
    const verdicts = watchApplication(new FakeHost(), { probe, allowExec: false }, forever);
    const { value } = await verdicts.next();
    assert.deepEqual([value?.ready, value?.problem?.code], [false, "PROBE_EXEC_FORBIDDEN"]);
    assert.match(`${value?.why} ${value?.problem?.remedy}`, /ALLOW_EXEC_PROBES is false.*ALLOW_EXEC_PROBES=true/u);
    assert.equal((await verdicts.next()).done, true);
  });
});
