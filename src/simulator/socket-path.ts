const pipes = "\\\\.\\pipe\\";

/** Where a simulator's socket of that name is: a file in its folder; on Windows, whose folders have a drive, a named pipe. */
export function socketPathOf(folder: string, name: string): string {
  if (!/^[A-Za-z]:[\\/]/u.test(folder)) return `${folder}/${name}.sock`;
  return `${pipes}linkerd-mesh-simulate\\${folder.replaceAll(/[\\/:]+/gu, "-").toLowerCase()}\\${name}`;
}

/** True for a named pipe, which has no mode and leaves nothing behind. */
export function isPipe(path: string): boolean {
  return path.startsWith(pipes);
}

/** The socket as SPIRE_SOCKET_ADDR has it. */
export function renderSocketAddress(path: string): string {
  return isPipe(path) ? path : `unix://${path}`;
}

/** The socket as grpc-js listens on it. */
export function renderGrpcAddress(path: string): string {
  return isPipe(path) ? `unix:${path}` : `unix://${path}`;
}
