import assert from "node:assert/strict";
import { judgePipe, type PipeFacts } from "../../../src/platform/win32/judge-pipe.ts";

const user = "S-1-5-21-1-2-3-1001";
const self = "S-1-5-80-1-2-3-4-5";
const expected = { spirePid: 700, self, trusted: ["S-1-5-18", "S-1-5-32-544"], spireService: "spire-agent" };
const served = (pid: number, server: { user: string; administrator?: boolean } | undefined, owner?: string): PipeFacts =>
  ({ opened: true, pid, server: server && { administrator: false, ...server }, owner });
const failed = (number: number): PipeFacts => ({ opened: false, number, words: `words (error ${number})` });

describe("a pipe is judged before it is used", () => {
  it("may be used when SPIRE's service, an administrator, the system or we ourselves serve it", () => {
    const good: Readonly<Record<string, PipeFacts>> = {
      "SPIRE's service, whatever its account": served(700, { user }),
      "SPIRE's service, whose account we may not see": served(700, undefined, user),
      "the system": served(9, { user: "S-1-5-18" }),
      "an administrator": served(9, { user, administrator: true }),
      "we ourselves": served(9, { user: self }),
      "somebody unseen, of a pipe that the system made": served(9, undefined, "S-1-5-18"),
      "somebody unseen, of a pipe that an administrator made": served(9, undefined, "S-1-5-32-544"),
    };
    assert.deepEqual(Object.entries(good).filter(([, facts]) => judgePipe(facts, expected) !== undefined).map(([name]) => name), []);
  });

  it("is refused when a user serves it, also one that pretends to be nobody", () => {
    assert.deepEqual(judgePipe(served(9, { user }), expected), {
      state: "untrusted", what: `the pipe is served by process 9 of ${user}, who is neither SYSTEM nor an administrator; the service spire-agent is process 700`,
    });
    assert.equal(judgePipe(served(9, { user }, "S-1-5-18"), expected)?.state, "untrusted");
    assert.equal(judgePipe(served(9, undefined, user), expected)?.state, "untrusted");
    assert.match(judgePipe(served(9, undefined), { ...expected, spirePid: undefined })?.what ?? "", /made by nobody known; the service spire-agent does not run$/u);
  });

  it("tells why it cannot be opened, each way apart", () => {
    assert.deepEqual([2, 3, 5, 231, 53].map((number) => judgePipe(failed(number), expected)?.state), ["missing", "missing", "denied", "busy", "failed"]);
    assert.equal(judgePipe(failed(53), expected)?.what, "the pipe cannot be opened: words (error 53)");
  });
});
