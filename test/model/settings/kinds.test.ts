import assert from "node:assert/strict";
import fc from "fast-check";
import type { Kind, Os } from "../../../src/model/settings/kind.ts";
import { address, ip, networks } from "../../../src/model/settings/kinds/addresses.ts";
import { duration } from "../../../src/model/settings/kinds/duration.ts";
import { hostPort, listenAddress } from "../../../src/model/settings/kinds/host-port.ts";
import { labels } from "../../../src/model/settings/kinds/labels.ts";
import { dnsName, namespaceName, objectName } from "../../../src/model/settings/kinds/names.ts";
import { path, workloadApi } from "../../../src/model/settings/kinds/paths.ts";
import { port, portSet } from "../../../src/model/settings/kinds/ports.ts";
import { probe } from "../../../src/model/settings/kinds/probe.ts";
import { spiffeId, spiffeIdPatterns } from "../../../src/model/settings/kinds/spiffe-id.ts";
import { boolean, choice, level, text, user } from "../../../src/model/settings/kinds/words.ts";
import { allKinds, ordinaryTexts, oses } from "./arbitraries.ts";

interface Vectors {
  readonly kind: Kind<unknown>;
  readonly os?: Os;
  /** Text → its canonical form. */
  readonly good: Readonly<Record<string, string>>;
  readonly bad: readonly string[];
}

const longLabel = "a".repeat(64);

const vectors: Readonly<Record<string, Vectors>> = {
  "IP address": {
    kind: ip,
    good: {
      "10.0.0.1": "10.0.0.1", " 255.255.255.255 ": "255.255.255.255", "FD00::0001": "fd00::1", "::": "::", "1::": "1::", "::1": "::1",
      "2001:db8:0:0:1:0:0:1": "2001:db8::1:0:0:1", "2001:db8:0:1:1:1:1:1": "2001:db8:0:1:1:1:1:1", "::ffff:1.2.3.4": "::ffff:1.2.3.4",
      "64:ff9b::192.0.2.33": "64:ff9b::c000:221", "1:2:3:4:5:6:7:8": "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::": "1:2:3:4:5:6:7:0",
    },
    bad: [
      "", "10.0.0", "10.0.0.256", "10.0.0.01", "1.2.3.4.5", "10.0.0.1:80", "fe80::1%eth0", "1::2::3", ":::", ":", ":1", "1:", "1:2:3:4:5:6:7",
      "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "12345::", "g::", "1.2.3.4::", "1.2.3.4::1", "[::1]", "localhost", "0x7f.0.0.1",
    ],
  },
  address: {
    kind: address,
    good: { "10.0.0.5": "10.0.0.5", "fd00::5": "fd00::5", "10.0.0.5,fd00::5": "10.0.0.5,fd00::5", "FD00::5 , 10.0.0.5": "10.0.0.5,fd00::5" },
    bad: ["", ",", "10.0.0.5,", "10.0.0.5,10.0.0.6", "fd00::5,fd00::6", "10.0.0.5,fd00::5,10.0.0.6", "10.0.0.5/24", "host"],
  },
  networks: {
    kind: networks,
    good: {
      "": "", "10.0.0.0/8": "10.0.0.0/8", "fd00::/8,10.0.0.0/8,10.0.0.0/8": "10.0.0.0/8,fd00::/8", "192.168.1.7": "192.168.1.7/32",
      "fd00:0::/8, 10.0.0.0/8": "10.0.0.0/8,fd00::/8", "0.0.0.0/0,::/0": "0.0.0.0/0,::/0", "::1": "::1/128", "10.0.0.0/16,10.0.0.0/8,9.0.0.0/8": "9.0.0.0/8,10.0.0.0/8,10.0.0.0/16",
    },
    bad: ["10.0.0.1/8", "10.0.0.0/33", "fd00::/129", "10.0.0.0/", "10.0.0.0/08", "10.0.0.0/-1", "10.0.0.0/8/8", "10/8", "10.0.0.0/8,,", "cluster"],
  },
  port: { kind: port, good: { "1": "1", " 65535 ": "65535", "0080": "80" }, bad: ["", "0", "65536", "-1", "8e1", "80.0", "0x50", "http", "100000"] },
  "port set": {
    kind: portSet,
    good: {
      "": "", "8081": "8081", "25,587,8000-8010": "25,587,8000-8010", "8010-8020, 8000 - 8010": "8000-8020", "3,2,1": "1-3", "5,5": "5",
      "1-65535,22": "1-65535", "10-20,12-13,30": "10-20,30",
    },
    bad: ["0", "1-", "-1", "2-1", "1-2-3", "80,,81", "80;81", "0-10", "1-65536", "a-b"],
  },
  "host:port": {
    kind: hostPort,
    good: {
      "linkerd-dst.linkerd.svc.cluster.local:8086": "linkerd-dst.linkerd.svc.cluster.local:8086", "Example.ORG:1": "example.org:1",
      "10.0.0.1:8086": "10.0.0.1:8086", "[FD00::1]:8086": "[fd00::1]:8086", "localhost:65535": "localhost:65535",
    },
    bad: ["", "host", "host:", ":80", "host:0", "host:65536", "fd00::1:8086", "fd00::1", "[fd00::1]", "[10.0.0.1]:80", "[host]:80", "host:80:90", "ho st:80", "10.0.0.256:80", "http://host:80", "host.:80", "a..b:80"],
  },
  "listen address": {
    kind: listenAddress,
    good: { ":8081": ":8081", "127.0.0.1:9996": "127.0.0.1:9996", "[::1]:9996": "[::1]:9996", "0.0.0.0:1": "0.0.0.0:1" },
    bad: ["", "8081", ":0", ":", "localhost:8081", "::1:80", "::80"],
  },
  duration: {
    kind: duration,
    good: { "20s": "20s", "500ms": "500ms", "1m": "1m", "60s": "1m", "90s": "90s", "1m30s": "90s", "2h": "2h", "1500ms": "1500ms", "0s": "0s", "1h0m0s1ms": "3600001ms", "24h": "24h" },
    bad: ["", "20", "s", "-1s", "1.5s", "1 s", "25h", "30s1m", "1d", "1s1s", "20S", "999999999999s"],
  },
  "Linux path": {
    kind: path, os: "linux",
    good: { "/var/log": "/var/log", "/a//b/./c/": "/a/b/c", "/": "/", "/with space/ü": "/with space/ü" },
    bad: ["", "relative", "./a", "../a", "/a/../b", "/a\nb", "/a\0b", "C:\\a", "~/a"],
  },
  "Windows path": {
    kind: path, os: "win32",
    good: { "C:\\Program Files\\Buoyant": "C:\\Program Files\\Buoyant", "c:/a//b/.": "c:\\a\\b", "\\\\server\\share\\a": "\\\\server\\share\\a", "C:\\": "C:\\", "\\\\server\\share": "\\\\server\\share" },
    bad: ["", "a\\b", "\\a", "/a", "C:a", "C:\\a\\..\\b", "C:\\a|b", "C:\\a:stream", "C:\\a\"b", "\\\\server", "\\\\?\\C:\\a", "\\\\.\\pipe\\a", "C:\\a\0"],
  },
  "Workload API on Linux": {
    kind: workloadApi, os: "linux",
    good: {
      "unix:///tmp/spire-agent/public/api.sock": "unix:///tmp/spire-agent/public/api.sock", "unix:/run/a.sock": "unix:///run/a.sock",
      "/run/a.sock": "unix:///run/a.sock", "tcp://127.0.0.1:8000": "tcp://127.0.0.1:8000", "tcp:[::1]:8000": "tcp://[::1]:8000",
    },
    bad: ["", "unix:", "unix://", "unix:///", "unix://host/a.sock", "unix:relative", "tcp://localhost:80", "tcp://127.0.0.1", "\\\\.\\pipe\\a", "npipe:a", "http://127.0.0.1:80"],
  },
  "Workload API on Windows": {
    kind: workloadApi, os: "win32",
    good: {
      "\\\\.\\pipe\\spire-agent\\public\\api": "\\\\.\\pipe\\spire-agent\\public\\api", "npipe:spire-agent\\public\\api": "\\\\.\\pipe\\spire-agent\\public\\api",
      "npipe:\\\\.\\pipe\\a": "\\\\.\\pipe\\a", "//./pipe/a/b": "\\\\.\\pipe\\a\\b", "tcp://127.0.0.1:8000": "tcp://127.0.0.1:8000",
    },
    bad: ["", "\\\\.\\pipe\\", "npipe:", "\\\\.\\pipefoo", "unix:///a", "C:\\a", "\\\\.\\pipe\\a\\\\b", "spire-agent"],
  },
  "SPIFFE ID": {
    kind: spiffeId,
    good: {
      "spiffe://root.linkerd.cluster.local/vm/Orders": "spiffe://root.linkerd.cluster.local/vm/Orders", "SPIFFE://TD.Example/A": "spiffe://td.example/A",
      "spiffe://td_1/a.b-c_d": "spiffe://td_1/a.b-c_d", "spiffe://td/...": "spiffe://td/...",
    },
    bad: [
      "", "spiffe://", "spiffe:///a", "spiffe://td", "spiffe://td/", "spiffe://td/a/", "spiffe://td//a", "spiffe://td/./a", "spiffe://td/../a", "spiffe://td:80/a",
      "spiffe://u@td/a", "spiffe://td/a%20b", "spiffe://td/a?b", "spiffe://td/a#b", "http://td/a", `spiffe://${"a".repeat(256)}/a`, `spiffe://td/${"a".repeat(2048)}`, "spiffe://td/ä",
    ],
  },
  "SPIFFE ID patterns": {
    kind: spiffeIdPatterns,
    good: { "": "", "spiffe://td/vm/*": "spiffe://td/vm/*", "spiffe://TD/*, spiffe://td/a": "spiffe://td/*,spiffe://td/a" },
    bad: ["*", "spiffe://td/a*", "spiffe://*/a", "spiffe://td/*/a", "spiffe://td//*", ","],
  },
  labels: {
    kind: labels,
    good: { "": "", "app=orders": "app=orders", "b=2, a=1": "a=1,b=2", "example.com/tier=": "example.com/tier=" },
    bad: ["app", "=x", "a=b=c", "a=1,a=2", "__proto__=x", "-a=1", "a=-1", "a=b c", "/a=1", "Example.com/a=1", "a/b/c=1", `${longLabel}=1`, `a=${longLabel}`],
  },
  "DNS name": { kind: dnsName, good: { "cluster.local": "cluster.local", "A.b": "a.b", a: "a" }, bad: ["", ".", "a.", ".a", "a..b", "-a", "a-", "a_b", longLabel, `${"a.".repeat(127)}aa`] },
  "object name": { kind: objectName, good: { "orders-1.shop": "orders-1.shop" }, bad: ["", "Orders", "a_b", "a/b", "a "].filter((bad) => bad.trim() === bad) },
  namespace: { kind: namespaceName, good: { shop: "shop" }, bad: ["", "a.b", "Shop", longLabel] },
  probe: {
    kind: probe,
    good: {
      "http://127.0.0.1:8080/ready": "http://127.0.0.1:8080/ready", "http://localhost/": "http://localhost:80/", "HTTP://127.0.0.1:1": "http://127.0.0.1:1/",
      "http://[::1]:8080/a?b=c": "http://[::1]:8080/a?b=c", "http://a:1?x": "http://a:1/?x", "tcp://127.0.0.1:5432": "tcp://127.0.0.1:5432", "tcp://db:1/": "tcp://db:1",
    },
    bad: ["", "127.0.0.1:80", "https://a:1/", "tcp://a", "tcp://a:1/b", "http://", "http:///a", "http://u:p@a/", "http://a:0/", "http://a:1/ b", "http://a/#b", "exec:ls"],
  },
  user: { kind: user, good: { "linkerd-mesh": "linkerd-mesh", "1000": "1000", "010": "10", _x: "_x", machine$: "machine$" }, bad: ["", "root", "0", "00", "A", "a b", "4294967295", "-1", "a/b", "a".repeat(40)] },
  text: { kind: text, good: { " warn,linkerd=info ": "warn,linkerd=info" }, bad: ["", "  ", "a\nb", "a\0b"] },
  boolean: { kind: boolean, good: { true: "true", Yes: "true", ON: "true", "1": "true", false: "false", no: "false", off: "false", "0": "false" }, bad: ["", "2", "maybe"] },
  level: { kind: level, good: { Trace: "trace", DEBUG: "debug", info: "info", warn: "warn", error: "error" }, bad: ["", "warning", "fatal"] },
  choice: { kind: choice("open", "closed"), good: { open: "open", " Closed": "closed" }, bad: ["", "ajar", "openclosed"] },
};

describe("kinds of settings", () => {
  for (const [name, { kind, os = "linux", good, bad }] of Object.entries(vectors)) {
    it(`${name}: the ordinary texts, in canonical form`, () => {
      for (const [given, canonical] of Object.entries(good)) {
        const parsed = kind.parse(given, os);
        assert.ok(parsed.ok, `${JSON.stringify(given)} refused: ${parsed.ok ? "" : parsed.reason}`);
        assert.equal(kind.format(parsed.value), canonical, JSON.stringify(given));
      }
    });

    it(`${name}: refuses what cannot be used, with a reason`, () => {
      for (const given of bad) {
        const parsed = kind.parse(given, os);
        assert.ok(!parsed.ok, `${JSON.stringify(given)} was taken`);
        assert.match(parsed.reason, /\w/);
      }
    });
  }

  it("a duration is milliseconds, a port a number, a boolean a boolean", () => {
    assert.deepEqual(duration.parse("1m30s", "linux"), { ok: true, value: 90_000 });
    assert.deepEqual(port.parse("80", "linux"), { ok: true, value: 80 });
    assert.deepEqual(boolean.parse("yes", "linux"), { ok: true, value: true });
    assert.deepEqual(address.parse("::1,1.2.3.4", "linux"), { ok: true, value: { v4: "1.2.3.4", v6: "::1" } });
    assert.deepEqual(portSet.parse("9-10,8", "linux"), { ok: true, value: [{ from: 8, to: 10 }] });
    assert.deepEqual(networks.parse("fd00::/8", "linux"), { ok: true, value: [{ family: 6, address: "fd00::", prefix: 8 }] });
    assert.deepEqual(probe.parse("tcp://db:5432", "linux"), { ok: true, value: { kind: "tcp", host: "db", port: 5432 } });
    assert.deepEqual(listenAddress.parse(":8081", "linux"), { ok: true, value: { host: "", port: 8081 } });
  });
});

describe("every kind of the table", () => {
  for (const kind of allKinds.values()) {
    for (const os of oses) {
      it(`${kind.form} on ${os}: parse after format is the identity`, () => {
        fc.assert(fc.property(ordinaryTexts(kind, os), (given) => {
          const parsed = kind.parse(given, os);
          assert.ok(parsed.ok, `${JSON.stringify(given)}: ${parsed.ok ? "" : parsed.reason}`);
          const again = kind.parse(kind.format(parsed.value), os);
          assert.deepEqual(again, parsed);
          if (again.ok) assert.equal(kind.format(again.value), kind.format(parsed.value));
        }));
      });
    }

    it(`${kind.form}: no text crashes it, and what it takes it takes again`, () => {
      const anything = fc.oneof(
        fc.string({ unit: "binary" }),
        fc.stringMatching(/^[0-9a-f:.,/\\[\]=*%-]{0,40}$/),
        fc.tuple(fc.oneof(ordinaryTexts(kind, "linux"), ordinaryTexts(kind, "win32")), fc.string(), fc.nat()).map(([text, noise, at]) => text.slice(0, at % 40) + noise + text.slice(at % 40)),
      );
      fc.assert(fc.property(anything, fc.constantFrom(...oses), (given, os) => {
        const parsed = kind.parse(given, os);
        if (parsed.ok) assert.deepEqual(kind.parse(kind.format(parsed.value), os), parsed);
        else assert.notEqual(parsed.reason, "");
      }), { numRuns: 300 });
    });
  }
});
