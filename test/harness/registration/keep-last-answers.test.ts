import assert from "node:assert/strict";
import { keepLastAnswers } from "../../../src/harness/registration/keep-last-answers.ts";
import type { LastAnswer } from "../../../src/harness/registration/last-answer.ts";
import { MeshError } from "../../../src/model/errors.ts";
import { FakeHost } from "../../fakes/host.ts";
import { identity, registered } from "./answers.ts";

const path = "/state/registration.json";
const last: LastAnswer = {
  identity, group: { namespace: "shop", name: "orders" }, savedAt: new Date(1000), answer: registered(),
  incarnation: { instanceId: "i1", incarnationId: "l1", startedAt: new Date(0), epoch: 1 },
};

describe("keeping the last answer", () => {
  it("writes it for its owner alone, reads it, and removes it", async () => {
    const { files, texts, log } = new FakeHost();
    const modes: (number | undefined)[] = [];
    const kept = keepLastAnswers({ log, files: { ...files, writeAtomic: (...args) => { modes.push(args[2]?.mode); return files.writeAtomic(...args); } } }, "/state");
    assert.equal(await kept.read(), undefined);
    await kept.write(last);
    assert.deepEqual([[...texts.keys()], modes], [[path], [0o600]]);
    assert.deepEqual(await kept.read(), last);
    await kept.remove();
    assert.deepEqual([await kept.read(), texts.size, log.lines], [undefined, 0, []]);
  });

  it("goes on with a disk that is full and a file that cannot be read, and tells both without the token", async () => {
    const host = new FakeHost();
    host.diskFull = true;
    await keepLastAnswers(host, "/state").write(last);
    const unreadable = { ...host.files, readText: () => Promise.reject(new MeshError("DISK_FULL", { doing: `reading ${path}`, what: "an error of the disk", target: path })) };
    assert.equal(await keepLastAnswers({ log: host.log, files: unreadable }, "/state").read(), undefined);
    assert.deepEqual(host.log.lines.map(({ level, fields }) => [level, fields["code"]]), [["warn", "DISK_FULL"], ["warn", "DISK_FULL"]]);
    assert.ok(!JSON.stringify(host.log.lines).includes(last.answer.lease.token));
  });

  it("takes a damaged file for none", async () => {
    const host = new FakeHost();
    host.texts.set(path, '{"version":1,');
    assert.equal(await keepLastAnswers(host, "/state").read(), undefined);
  });

  it("does not hide a mistake of this program", async () => {
    const host = new FakeHost();
    const files = { ...host.files, readText: () => Promise.reject(new TypeError("not a function")) };
    await assert.rejects(keepLastAnswers({ log: host.log, files }, "/state").read(), TypeError);
  });
});
