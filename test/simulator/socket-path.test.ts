import assert from "node:assert/strict";
import { parseWorkloadApiAddress } from "../../src/spiffe/address.ts";
import { isPipe, renderGrpcAddress, renderSocketAddress, socketPathOf } from "../../src/simulator/socket-path.ts";

describe("the simulator's sockets", () => {
  it("are files in its folder", () => {
    const path = socketPathOf("/tmp/mesh", "workload-api");
    assert.deepEqual([path, isPipe(path), renderSocketAddress(path), renderGrpcAddress(path)], ["/tmp/mesh/workload-api.sock", false, "unix:///tmp/mesh/workload-api.sock", "unix:///tmp/mesh/workload-api.sock"]);
  });

  it("are pipes where folders have a drive, one for each folder, whatever its case", () => {
    const path = socketPathOf("C:\\Mesh\\A", "control");
    assert.equal(path, "\\\\.\\pipe\\linkerd-mesh-simulate\\c-mesh-a\\control");
    assert.deepEqual([isPipe(path), renderSocketAddress(path), renderGrpcAddress(path), socketPathOf("c:/mesh/a", "control")], [true, path, `unix:${path}`, path]);
    assert.deepEqual(parseWorkloadApiAddress(renderSocketAddress(path)), { kind: "pipe", path });
  });
});
