import type { RedirectPlan } from "../../../../src/model/traffic.ts";

const usual: RedirectPlan = {
  outboundPort: 4140, inboundPort: 4143, captureInbound: true, captureOutbound: true,
  outboundPortsToIgnore: [{ from: 8081, to: 8081 }, { from: 25, to: 25 }, { from: 8000, to: 8010 }],
  outboundNetworksToIgnore: [
    { family: 4, address: "198.51.100.0", prefix: 24 }, { family: 4, address: "198.51.100.128", prefix: 25 },
    { family: 4, address: "192.0.2.7", prefix: 32 }, { family: 6, address: "2001:db8:1::", prefix: 48 },
  ],
  inboundPortsToIgnore: [22, 445, 3389, 4190, 4191, 4192, 5985, 5986].map((port) => ({ from: port, to: port })),
  ownPorts: [4140, 4143, 4191, 4192].map((port) => ({ from: port, to: port })),
  outboundFamilies: [4, 6], exemptUser: 988, addresses: { v4: "10.0.0.5", v6: "fd00::5" }, mode: "redirect",
};

/** Plans whose tables are kept as text in test/golden/nft, by the name of the file. */
export const plans: Readonly<Record<string, RedirectPlan>> = {
  usual,
  refuse: { ...usual, mode: "refuse" },
  "inbound-only": { ...usual, captureOutbound: false, addresses: { v4: "10.0.0.5" } },
  "ipv4-only": {
    ...usual, outboundFamilies: [4], addresses: { v4: "10.0.0.5" }, outboundPortsToIgnore: [], outboundNetworksToIgnore: [], inboundPortsToIgnore: [],
  },
  nothing: { ...usual, captureInbound: false, captureOutbound: false },
};
