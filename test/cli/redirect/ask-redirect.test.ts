import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { parseUid } from "../../../src/model/accounts.ts";
import { askRedirect, type HarnessAnswer } from "../../../src/cli/redirect/ask-redirect.ts";
import { isMeshError } from "../../../src/model/errors.ts";

interface Reply {
  readonly status: number;
  readonly body: string;
}

async function ask(want: "on" | "off" | undefined, reply: Reply): Promise<{ readonly answer: HarnessAnswer; readonly heard: string }> {
  const heard = Promise.withResolvers<string>();
  const server = createServer((request, response) => {
    void readAll(request).then((body) => {
      heard.resolve(`${request.method} ${request.url} ${body}`.trim());
      response.writeHead(reply.status, { connection: "close" }).end(reply.body);
    });
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  try {
    const answer = await askRedirect(`127.0.0.1:${(server.address() as AddressInfo).port}`, want, AbortSignal.timeout(5_000));
    return { answer: { ...answer, address: "" }, heard: await heard.promise };
  } finally {
    server.close();
  }
}

async function readAll(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const piece of request) text += String(piece);
  return text;
}

describe("asking the harness about the redirect", () => {
  it("posts what is wanted and takes the harness's word", async () => {
    const { answer, heard } = await ask("off", { status: 200, body: `{"want":"off","state":"absent"}` });
    assert.equal(heard, `POST /redirect {"want":"off"}`);
    assert.deepEqual(answer, { address: "", state: "answering", want: "off" });
  });

  it("only asks when nothing is wanted", async () => {
    const { answer, heard } = await ask(undefined, { status: 200, body: `{"want":"on"}` });
    assert.equal(heard, "GET /redirect");
    assert.deepEqual(answer, { address: "", state: "answering", want: "on" });
  });

  it("knows a server that is no harness", async () => {
    for (const reply of [{ status: 404, body: "not found" }, { status: 200, body: "{}" }]) {
      assert.deepEqual((await ask("on", reply)).answer, { address: "", state: "strange", detail: `it answered with status ${reply.status}` });
    }
  });

  it("knows a harness that does not tell what it wants", async () => {
    const server = createServer((request, response) => {
      response.writeHead(request.url === "/redirect" ? 404 : 200, { connection: "close" }).end(`{"state":"serving"}`);
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    assert.deepEqual(await askRedirect(address, undefined, AbortSignal.timeout(5_000)), { address, state: "answering", want: undefined });
    server.close();
  });

  it("fails with the harness's reason", async () => {
    await assert.rejects(ask("on", { status: 409, body: `{"error":"the harness stops"}` }),
      (error) => isMeshError(error, "REDIRECT_FAILED") && error.what === "the harness stops");
  });

  it("says that nobody is there", async () => {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.close();
    await once(server, "close");
    assert.deepEqual(await askRedirect(address, "off", AbortSignal.timeout(5_000)), { address, state: "absent" });
  });

  it("finds the account's number", () => {
    const passwd = "root:x:0:0::/root:/bin/sh\nlinkerd-mesh:x:988:988::/:/usr/sbin/nologin\nbroken\n";
    assert.deepEqual(["linkerd-mesh", "61002", "nobody", "broken"].map((name) => parseUid(passwd, name)), [988, 61002, undefined, undefined]);
  });
});
