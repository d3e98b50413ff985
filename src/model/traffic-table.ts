import type { Network, PortRange } from "./settings/values.ts";
import type { TrafficRow } from "./traffic-row.ts";

/** What is exempt on every machine, whatever its settings: nobody is locked out and nothing loops. */
export const fixedRows: readonly TrafficRow[] = [
  {
    name: "loopback-device", direction: "outbound", verdict: "exempt", match: { kind: "local" },
    why: "connections to this machine's own addresses stay on it",
  },
  {
    name: "untracked", direction: "outbound", verdict: "exempt", match: { kind: "untracked" },
    why: "an administrator's notrack rule; it cannot be translated",
  },
  {
    name: "loopback", direction: "outbound", verdict: "exempt",
    match: { kind: "networks", networks: [v4("127.0.0.0", 8), v6("::1", 128)] },
    why: "the proxy refuses loopback",
  },
  {
    name: "link-local", direction: "outbound", verdict: "exempt",
    match: { kind: "networks", networks: [v4("169.254.0.0", 16), v6("fe80::", 10)] },
    why: "means this link only, such as a cloud's metadata service",
  },
  {
    name: "multicast", direction: "outbound", verdict: "exempt",
    match: { kind: "networks", networks: [v4("224.0.0.0", 4), v4("255.255.255.255", 32), v6("ff00::", 8)] },
    why: "has no single far end",
  },
  {
    name: "unspecified", direction: "outbound", verdict: "exempt",
    match: { kind: "networks", networks: [v4("0.0.0.0", 8), v6("::", 128)] },
    why: "means this machine itself",
  },
  {
    name: "azure-host", direction: "outbound", verdict: "exempt",
    match: { kind: "networks", networks: [v4("168.63.129.16", 32)] },
    why: "Azure's host agent: health, DHCP and DNS of the virtual machine",
  },
  {
    name: "management", direction: "outbound", verdict: "exempt",
    match: { kind: "ports", ports: [port(22), port(3389), ports(5985, 5986)] },
    why: "SSH, RDP and WinRM to other machines never depend on the proxy",
  },
  {
    name: "logon", direction: "outbound", verdict: "exempt",
    match: { kind: "ports", ports: [port(53), port(88), port(135), port(389), port(445), port(464), port(636), ports(3268, 3269)] },
    why: "DNS, Kerberos, LDAP and SMB: logging on never depends on the proxy",
  },
  {
    name: "loopback-device", direction: "inbound", verdict: "exempt", match: { kind: "local" },
    why: "came from this machine itself",
  },
  {
    name: "untracked", direction: "inbound", verdict: "exempt", match: { kind: "untracked" },
    why: "an administrator's notrack rule; it cannot be translated",
  },
  {
    name: "management", direction: "inbound", verdict: "exempt",
    match: { kind: "ports", ports: [port(22), port(445), port(3389), ports(5985, 5986)] },
    why: "SSH, SMB, RDP and WinRM: nobody is locked out of the machine",
  },
];

function v4(address: string, prefix: number): Network {
  return { family: 4, address, prefix };
}

function v6(address: string, prefix: number): Network {
  return { family: 6, address, prefix };
}

function port(number: number): PortRange {
  return { from: number, to: number };
}

function ports(from: number, to: number): PortRange {
  return { from, to };
}
