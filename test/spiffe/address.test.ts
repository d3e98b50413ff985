import assert from "node:assert/strict";
import fc from "fast-check";
import { workloadApi } from "../../src/model/settings/kinds/paths.ts";
import { isMeshError } from "../../src/model/errors.ts";
import { parseWorkloadApiAddress, renderWorkloadApiAddress } from "../../src/spiffe/address.ts";

const good: readonly [string, string][] = [
  ["unix:/run/spire/api.sock", "unix:///run/spire/api.sock"],
  ["unix:///run/spire/api.sock", "unix:///run/spire/api.sock"],
  ["UNIX:///run/spire/api.sock", "unix:///run/spire/api.sock"],
  ["/run/spire/api.sock", "unix:///run/spire/api.sock"],
  ["/run/with space/ä.sock", "unix:///run/with space/ä.sock"],
  ["npipe:spire-agent\\public\\api", "\\\\.\\pipe\\spire-agent\\public\\api"],
  ["npipe:\\spire-agent\\public\\api", "\\\\.\\pipe\\spire-agent\\public\\api"],
  ["npipe:spire-agent/public/api", "\\\\.\\pipe\\spire-agent\\public\\api"],
  ["\\\\.\\pipe\\spire-agent\\public\\api", "\\\\.\\pipe\\spire-agent\\public\\api"],
  ["//./pipe/spire-agent/public/api", "\\\\.\\pipe\\spire-agent\\public\\api"],
  ["\\\\.\\PIPE\\name", "\\\\.\\pipe\\name"],
  ["tcp:127.0.0.1:8081", "tcp://127.0.0.1:8081"],
  ["tcp://127.0.0.1:8081", "tcp://127.0.0.1:8081"],
  ["tcp:agent.local:65535", "tcp://agent.local:65535"],
  ["tcp://[::1]:1", "tcp://[::1]:1"],
];

const bad: readonly [string, RegExp][] = [
  ["", /^it is empty$/u],
  ["run/api.sock", /neither an absolute path nor/u],
  ["api", /neither an absolute path nor/u],
  ["http://127.0.0.1:8081", /the scheme http: is none of/u],
  ["C:\\spire\\api", /the scheme C: is none of/u],
  ["/run/\u0000api", /control character/u],
  ["/", /names no socket/u],
  ["unix:", /names no socket/u],
  ["unix://", /names no socket/u],
  ["unix:run/api.sock", /must be absolute/u],
  ["unix://run/api.sock", /stands the host 'run'; write unix:\/\/\/path/u],
  ["/run/spire/", /ends with a slash/u],
  ["unix:///run/api.sock?x=1", /no query/u],
  ["unix:///run/api.sock#x", /no fragment/u],
  [`/${"x".repeat(107)}`, /longer than 107 bytes/u],
  [`/${"ä".repeat(54)}`, /longer than 107 bytes/u],
  ["npipe:", /names no pipe/u],
  ["npipe://spire-agent", /takes no \/\//u],
  ["npipe:\\\\.\\pipe\\x", /stands the name alone/u],
  ["npipe:x?y", /no query/u],
  ["npipe:a\\\\b", /empty part/u],
  ["\\\\.\\pipe\\", /names no pipe/u],
  ["\\\\.\\pipe\\a\\", /empty part/u],
  ["\\\\server\\pipe\\x", /neither an absolute path nor/u],
  ["\\\\.\\mailslot\\x", /begins with \\\\\.\\pipe\\/u],
  ["tcp:", /address before the port is missing/u],
  ["tcp:8081", /port is missing/u],
  ["tcp::8081", /address before the port is missing/u],
  ["tcp:127.0.0.1", /port is missing/u],
  ["tcp:127.0.0.1:", /port is missing/u],
  ["tcp:127.0.0.1:0", /'0' is not a port/u],
  ["tcp:127.0.0.1:65536", /'65536' is not a port/u],
  ["tcp:127.0.0.1:x", /'x' is not a port/u],
  ["tcp:127.0.0.1:80/x", /nothing else/u],
  ["tcp:user@127.0.0.1:80", /nothing else/u],
  ["tcp:::1:80", /in brackets/u],
  ["tcp:[::1:80", /brackets do not enclose/u],
];

describe("the address of the Workload API", () => {
  for (const [text, rendered] of good) {
    it(`${text} is ${rendered}, and that is read as the same`, () => {
      const address = parseWorkloadApiAddress(text);
      assert.equal(renderWorkloadApiAddress(address), rendered);
      assert.deepEqual(parseWorkloadApiAddress(rendered), address);
    });
  }

  for (const [text, what] of bad) {
    it(`${JSON.stringify(text.slice(0, 40))} is refused: ${what.source}`, () => {
      assert.throws(() => parseWorkloadApiAddress(text), (error) => isMeshError(error, "SPIRE_ADDRESS") && what.test(error.what));
    });
  }

  it("of any text is read or refused with SPIRE_ADDRESS", () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.string().map((rest) => `tcp:${rest}`), fc.string().map((rest) => `unix:${rest}`), fc.string().map((rest) => `npipe:${rest}`)), (text) => {
      try {
        renderWorkloadApiAddress(parseWorkloadApiAddress(text));
      } catch (error) {
        assert.ok(isMeshError(error, "SPIRE_ADDRESS"));
      }
    }));
  });

  it("that the setting accepts is understood here, in the setting's own form", () => {
    for (const [text] of good) {
      for (const os of ["linux", "win32"] as const) {
        const parsed = workloadApi.parse(text, os);
        if (parsed.ok) assert.equal(renderWorkloadApiAddress(parseWorkloadApiAddress(parsed.value)), parsed.value);
      }
    }
  });
});
