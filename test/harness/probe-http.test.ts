import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer as createHttp, type IncomingMessage, type RequestListener } from "node:http";
import { createServer as createHttps } from "node:https";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { probeHttp, type HttpGet } from "../../src/harness/probe-http.ts";
import { keyPemOf, mintCertificate, pemOf } from "../fakes/certificates.ts";

const forever = new AbortController().signal;

describe("a probe by HTTP", () => {
  const servers = new AsyncDisposableStack();
  after(() => servers[Symbol.asyncDispose]());

  /** Listens until the tests are over; resolves to the probe of it. */
  async function serve(server: Server, host = "127.0.0.1", change: Partial<HttpGet> = {}): Promise<HttpGet> {
    const sockets = new Set<Socket>();
    server.on("connection", (socket) => sockets.add(socket.once("close", () => sockets.delete(socket))));
    server.listen(0, host);
    await once(server, "listening");
    servers.defer(async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    });
    return { kind: "httpGet", host, port: (server.address() as AddressInfo).port, path: "/", scheme: "HTTP", headers: {}, ...change };
  }

  const serveHttp = (listener: RequestListener, host?: string): Promise<HttpGet> => serve(createHttp(listener), host);
  const serveBytes = (write: (socket: Socket) => void): Promise<HttpGet> => serve(createServer((socket) => void socket.on("error", () => undefined).once("data", () => write(socket))));

  it("passes from 200 to 399, else says why", async () => {
    const probe = await serveHttp(({ url }, response) => response.writeHead(Number(url?.slice(1))).end());
    const answers = ["/200", "/204", "/302", "/399", "/400", "/404", "/503"].map((path) => probeHttp({ ...probe, path }, forever));
    const failed = (status: number): string => `it answered with status ${status}`;
    assert.deepEqual(await Promise.all(answers), [undefined, undefined, undefined, undefined, failed(400), failed(404), failed(503)]);
  });

  it("sends the group's headers, its own where the group has none, and keeps no connection", async () => {
    const seen: IncomingMessage["headers"][] = [];
    const probe = await serveHttp(({ headers }, response) => {
      seen.push(headers);
      response.end();
    });
    const host = `127.0.0.1:${probe.port}`;
    await probeHttp(probe, forever);
    await probeHttp({ ...probe, headers: { "User-Agent": "theirs", "Host": "app.test", "X-Probe": "a b", "Accept": "" } }, forever);
    assert.deepEqual(seen, [
      { "accept": "*/*", "user-agent": "linkerd-mesh-probe", host, "connection": "close" },
      { "user-agent": "theirs", "host": "app.test", "x-probe": "a b", "connection": "close" },
    ]);
  });

  it("asks for the path as it is written, with what a URL must escape escaped", async () => {
    const seen: (string | undefined)[] = [];
    const probe = await serveHttp(({ url }, response) => {
      seen.push(url);
      response.end();
    });
    for (const path of ["/a?b=c&d", "//elsewhere.test/x", "/ä b", "bare"]) assert.equal(await probeHttp({ ...probe, path }, forever), undefined);
    assert.deepEqual(seen, ["/a?b=c&d", "//elsewhere.test/x", "/%C3%A4%20b", "/bare"]);
  });

  it("follows a redirect on the same host only", async () => {
    const other = await serveHttp((_, response) => response.writeHead(500).end());
    const targets: Readonly<Record<string, string>> = {
      "/there": "/bad", "/elsewhere": "http://elsewhere.test/", "/port": `http://127.0.0.1:${other.port}/`, "/round": "/round", "/odd": "ftp://127.0.0.1/", "/none": "http://[", "/mail": "mailto:a@b.test",
    };
    const seen: string[] = [];
    const probe = await serveHttp(({ url = "", headers }, response) => {
      seen.push(`${url} ${headers.host}`);
      const location = targets[url];
      if (location === undefined) response.writeHead(url === "/bad" ? 503 : 302).end();
      else response.writeHead(302, { location }).end();
    });
    const ask = (path: string): Promise<string | undefined> => probeHttp({ ...probe, path, headers: { host: "app.test" } }, forever);
    assert.equal(await ask("/there"), "it answered with status 503");
    assert.deepEqual(seen.splice(0), ["/there app.test", "/bad app.test"]);
    assert.deepEqual(await Promise.all(["/elsewhere", "/mail", "/nowhere"].map(ask)), [undefined, undefined, undefined]);
    assert.equal(await ask("/port"), "it answered with status 500");
    assert.equal(await ask("/odd"), "it redirects to ftp:");
    assert.equal(await ask("/none"), "it redirects to no URL");
    seen.splice(0);
    assert.equal(await ask("/round"), "it redirects more than 9 times");
    assert.equal(seen.length, 10);
  });

  it("believes any certificate", async () => {
    const issued = await mintCertificate({ dnsNames: ["other.test"], expiresAt: new Date(Date.now() - 1000) });
    const server = createHttps({ cert: pemOf(issued), key: await keyPemOf(issued) }, (_, response) => response.end("fine"));
    const probe = await serve(server, "127.0.0.1", { scheme: "HTTPS" });
    assert.equal(await probeHttp(probe, forever), undefined);
    assert.equal(await probeHttp({ ...probe, host: "localhost" }, forever), undefined);
    assert.match(await probeHttp({ ...probe, scheme: "HTTP" }, forever).catch(String) ?? "", /socket hang up|ECONNRESET/u);
  });

  it("reaches an IPv6 host", async () => {
    const seen: (string | undefined)[] = [];
    const probe = await serveHttp(({ headers }, response) => {
      seen.push(headers.host);
      response.end();
    }, "::1");
    assert.equal(await probeHttp(probe, forever), undefined);
    assert.deepEqual(seen, [`[::1]:${probe.port}`]);
  });

  it("reads no more than a small part of a body, and hangs up", async () => {
    const { promise: closed, resolve } = Promise.withResolvers<number>();
    const probe = await serveHttp(({ socket }, response) => {
      const block = Buffer.alloc(64 * 1024);
      const fill = (): void => {
        while (response.write(block));
      };
      response.on("drain", fill);
      socket.once("close", () => resolve(socket.bytesWritten));
      fill();
    });
    assert.equal(await probeHttp(probe, forever), undefined);
    // What the buffers between the two take, not what an endless body would be.
    assert.ok(await closed < 32 * 1024 * 1024);
  });

  it("takes half an answer for none", async () => {
    const halves = ["HTTP/1.1 200 OK\r\nContent-Le", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"];
    for (const half of halves) {
      const probe = await serveBytes((socket) => socket.end(half));
      await assert.rejects(probeHttp(probe, forever), /socket hang up|broke off/u);
    }
    const reset = await serveBytes((socket) => socket.resetAndDestroy());
    await assert.rejects(probeHttp(reset, forever), /ECONNRESET/u);
    const noise = await serveBytes((socket) => socket.end("220 mail.test ESMTP\r\n"));
    await assert.rejects(probeHttp(noise, forever), /Parse Error/u);
  });

  it("ends with its signal, at whatever point, and leaves no socket", async () => {
    for (const said of ["", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"]) {
      const stop = new AbortController();
      const { promise: closed, resolve } = Promise.withResolvers<void>();
      const probe = await serveBytes((socket) => {
        socket.once("close", resolve).write(said, () => stop.abort());
      });
      await assert.rejects(probeHttp(probe, stop.signal));
      await closed;
    }
    const probe = await serveHttp((_, response) => response.end());
    await assert.rejects(probeHttp(probe, AbortSignal.abort()), { name: "AbortError" });
  });
});
