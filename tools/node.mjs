import { existsSync } from "node:fs";
import { dirname, join } from "node:path";

const oldest = 24;

/** The Node that runs the sources: the pinned one where it exists, else the host's when it is new enough. */
export function chooseNode(root, host = process) {
  const folder = `node_modules/node-${host.platform}-${host.arch}/bin`;
  const pinned = join(root, folder, "node");
  if (existsSync(pinned) && !isMusl(host)) return { file: pinned, folder: dirname(pinned) };
  const major = Number(host.versions.node.split(".")[0]);
  if (major >= oldest) return { file: host.execPath, folder: dirname(host.execPath) };
  throw Object.assign(
    new Error(`no Node is pinned for ${host.platform} ${host.arch}${isMusl(host) ? " with musl" : ""}, and this one (${host.versions.node}) is too old to run TypeScript; install Node >= ${oldest} and run the same command again`),
    { exitCode: 3 },
  );
}

// The pinned binary is linked to glibc; it cannot start where that is absent (Alpine).
function isMusl(host) {
  return host.platform === "linux" && host.report?.getReport?.().header.glibcVersionRuntime === undefined;
}
