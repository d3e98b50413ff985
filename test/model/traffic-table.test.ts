import assert from "node:assert/strict";
import { BlockList, isIP } from "node:net";
import type { TrafficRow } from "../../src/model/traffic-row.ts";
import { fixedRows } from "../../src/model/traffic-table.ts";

/** The row that exempts a connection by where it goes; undefined where none does. */
function exemptedBy(direction: TrafficRow["direction"], address: string, port: number): string | undefined {
  return fixedRows.find((row) => row.direction === direction && row.verdict === "exempt" && isMatch(row.match, address, port))?.name;
}

function isMatch(match: TrafficRow["match"], address: string, port: number): boolean {
  if (match.kind === "ports") return match.ports.some(({ from, to }) => from <= port && port <= to);
  if (match.kind !== "networks") return false;
  const list = new BlockList();
  for (const { address: net, prefix, family } of match.networks) list.addSubnet(net, prefix, `ipv${family}`);
  return list.check(address, `ipv${isIP(address) as 4 | 6}`);
}

const ordinary = "192.0.2.7";

describe("the fixed rows of traffic", () => {
  for (const [name, addresses] of Object.entries({
    loopback: ["127.0.0.1", "127.255.255.254", "::1"],
    "link-local": ["169.254.169.254", "fe80::1", "febf::1"],
    multicast: ["224.0.0.1", "239.255.255.250", "255.255.255.255", "ff02::fb"],
    unspecified: ["0.0.0.0", "::"],
    "azure-host": ["168.63.129.16"],
  })) {
    it(`never redirect what goes to ${addresses.join(", ")}`, () => {
      for (const address of addresses) assert.equal(exemptedBy("outbound", address, 8080), name);
    });
  }

  it("leave what is beside those networks to the proxy", () => {
    for (const address of ["126.255.255.255", "128.0.0.1", "::2", "169.253.255.255", "169.255.0.1", "fec0::1", "223.255.255.255", "240.0.0.1", "1.0.0.1", "168.63.129.15", "168.63.129.17", "2001:db8::1"]) {
      assert.equal(exemptedBy("outbound", address, 8080), undefined, address);
    }
  });

  it("never break management and logon: SSH, RDP, WinRM; DNS, Kerberos, RPC, LDAP, SMB, the global catalogue", () => {
    for (const port of [22, 3389, 5985, 5986]) assert.equal(exemptedBy("outbound", ordinary, port), "management", String(port));
    for (const port of [53, 88, 135, 389, 445, 464, 636, 3268, 3269]) assert.equal(exemptedBy("outbound", ordinary, port), "logon", String(port));
    for (const port of [22, 445, 3389, 5985, 5986]) assert.equal(exemptedBy("inbound", ordinary, port), "management", String(port));
  });

  it("take every other port, also those beside them", () => {
    for (const port of [21, 23, 54, 80, 443, 3267, 3270, 3390, 5432, 5984, 5987, 8080]) {
      assert.deepEqual([exemptedBy("outbound", ordinary, port), exemptedBy("inbound", ordinary, port)], [undefined, undefined], String(port));
    }
  });
});
