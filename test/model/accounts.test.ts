import assert from "node:assert/strict";
import { parseAccount } from "../../src/model/accounts.ts";

describe("an account's numbers", () => {
  const passwd = "root:x:0:0::/root:/bin/sh\nlinkerd-mesh:x:998:990::/:/usr/sbin/nologin\nbroken\nnogroup:x:7\n";

  for (const [account, expected] of [
    ["linkerd-mesh", { uid: 998, gid: 990 }],
    ["998", { uid: 998, gid: 990 }],
    ["61002", { uid: 61_002, gid: 61_002 }],
    ["root", { uid: 0, gid: 0 }],
    ["nobody", undefined],
    ["broken", undefined],
    ["nogroup", undefined],
  ] as const) {
    it(`of ${account}: ${expected === undefined ? "none" : `${expected.uid}, ${expected.gid}`}`, () => assert.deepEqual(parseAccount(passwd, account), expected));
  }
});
