import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { askApplication, watchApplication } from "../../src/harness/application-probe.ts";
import { probedBy } from "../../src/harness/proxy-settings.ts";
import { defaultTimings } from "../../src/harness/timings.ts";
import { FakeHost } from "../fakes/host.ts";
import { machineSettings } from "../support/settings.ts";

const forever = new AbortController().signal;

describe("the application's probe", () => {
  it("passes from 200 to 399 and follows no redirect; else says why", async () => {
    const server = createServer((request, response) => {
      const status = Number(request.url?.slice(1));
      if (status > 0) response.writeHead(status, { location: "/500" }).end();
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const probe = (path: string): Promise<string | undefined> => askApplication({ kind: "http", host: "127.0.0.1", port, path } as never, 200, forever);
    assert.deepEqual(await Promise.all(["/200", "/302", "/404", "/503", "/silent"].map(probe)), [undefined, undefined, "it answered with status 404", "it answered with status 503", "no answer within 0.2 s"]);
    assert.equal(await askApplication({ kind: "tcp", host: "127.0.0.1", port } as never, 200, forever), undefined);
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    assert.match(await probe("/200") ?? "", /ECONNREFUSED/);
    assert.match(await askApplication({ kind: "tcp", host: "127.0.0.1", port } as never, 200, forever) ?? "", /ECONNREFUSED/);
  });

  it("tells changes only", async () => {
    const host = new FakeHost();
    const answers = [200, 200, 500, 500, 500];
    const server = createServer((_, response) => response.writeHead(answers.shift() ?? 200).end()).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const stop = new AbortController();
    const verdicts = watchApplication(host, { probe: { kind: "http", host: "127.0.0.1", port, path: "/" } as never, timings: defaultTimings }, stop.signal);
    const seen: string[] = [];
    for (let count = 0; count < 3; count += 1) {
      const next = verdicts.next();
      let done = false;
      void next.then(() => { done = true; });
      while (!done) {
        await Promise.race([next, host.clock.asleep(defaultTimings.probePeriod)]);
        host.clock.jump(defaultTimings.probePeriod);
      }
      const { ready, why } = (await next).value as { ready: boolean; why?: string };
      seen.push(`${ready} ${why ?? ""}`);
    }
    assert.deepEqual(seen, ["true ", "true it answered with status 500", "false it answered with status 500"]);
    stop.abort();
    server.close();
  });

  it("is not sent to the harness itself", () => {
    assert.equal(probedBy(machineSettings({ probe: "http://127.0.0.1:4192/ready" })), undefined);
    assert.equal(probedBy(machineSettings({ probe: "http://127.0.0.1:8080/ready" }))?.port, 8080);
    assert.equal(probedBy(machineSettings()), undefined);
  });
});
