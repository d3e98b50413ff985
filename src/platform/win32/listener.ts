import { network } from "./ffi.ts";
import { describeFailure, systemErrors } from "./system-failure.ts";

/** The process that listens on a TCP port, on whatever address; undefined when nobody does. */
export async function findListener(port: number): Promise<{ readonly pid: number } | undefined> {
  const found = [...families].flatMap(([family, row]) => decodeListeners(readTable(family), row)).find((listener) => listener.port === port);
  return await Promise.resolve(found && { pid: found.pid });
}

/** Where port and process stand in a row of the table. */
export interface RowShape {
  readonly size: number;
  readonly port: number;
  readonly pid: number;
}

/** MIB_TCPROW_OWNER_PID and MIB_TCP6ROW_OWNER_PID by their address family. */
export const families: ReadonlyMap<number, RowShape> = new Map([[2, { size: 24, port: 8, pid: 20 }], [23, { size: 56, port: 20, pid: 52 }]]);

/** The rows of a table: a count, then one behind the other; ports in the network's byte order. */
export function decodeListeners(table: Buffer, { size, port, pid }: RowShape): readonly { readonly port: number; readonly pid: number }[] {
  if (table.length < 4) return [];
  const count = Math.min(table.readUInt32LE(0), Math.floor((table.length - 4) / size));
  return Array.from({ length: count }, (_, index) => {
    const row = 4 + index * size;
    return { port: table.readUInt16BE(row + port), pid: table.readUInt32LE(row + pid) };
  });
}

const listenersWithOwner = 3;
const success = 0;
// The table may grow between asking for its size and reading it.
const spare = 4096;

function readTable(family: number): Buffer {
  const size: [number] = [spare];
  for (;;) {
    const table = Buffer.alloc(size[0] + spare);
    size[0] = table.length;
    const result = network.tcpTable(table, size, false, family, listenersWithOwner, 0);
    if (result === success) return table;
    if (result !== systemErrors.insufficientBuffer) throw describeFailure("GetExtendedTcpTable", result);
  }
}
