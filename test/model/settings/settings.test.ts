import assert from "node:assert/strict";
import type { Settings } from "../../../src/model/settings/settings.ts";
import type { Address, HostPort, PortRange, Probe } from "../../../src/model/settings/values.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

describe("the type of the settings", () => {
  it("follows from the table: value types, and optional where no default exists", () => {
    const proofs: readonly true[] = [
      true satisfies Equal<Settings["proxyInboundPort"], number>,
      true satisfies Equal<Settings["shutdownGrace"], number>,
      true satisfies Equal<Settings["registration"], "dynamic" | "static">,
      true satisfies Equal<Settings["inboundNetworkAddress"], Address | undefined>,
      true satisfies Equal<Settings["probe"], Probe | undefined>,
      true satisfies Equal<Settings["controlAddress"], HostPort>,
      true satisfies Equal<Settings["outboundPortsToIgnore"], readonly PortRange[]>,
      true satisfies Equal<Settings["allowExecProbes"], boolean>,
    ];
    assert.equal(proofs.length, 8);
  });
});
