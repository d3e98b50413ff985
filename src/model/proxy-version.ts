/** A released version of linkerd2-proxy. */
export type ProxyVersion = readonly [major: number, minor: number, patch: number];

/** Why a proxy cannot do this machine's work; undefined when it can, or when its version says nothing (a build of one's own). */
export function judgeProxyVersion(text: string): string | undefined {
  const version = parseProxyVersion(text);
  if (version === undefined) return undefined;
  const [major, minor] = version;
  if (major !== 2) return `version ${text} is of a line that nobody has tried`;
  if (minor < 304) return `version ${text} is older than 2.304.0, the first that takes its identity from SPIRE on every system`;
  // linkerd/linkerd2#14730: these ask for a service name that SPIRE does not have.
  if (minor === 329 || minor === 330) return `version ${text} cannot fetch an identity from SPIRE; 2.331.0 can again`;
  return undefined;
}

/** Reads `2.331.0` or `v2.331.0`; undefined for anything else, as `dev-1a2b3c` of a build of one's own. */
export function parseProxyVersion(text: string): ProxyVersion | undefined {
  const match = /^v?(\d+)\.(\d+)\.(\d+)(?:[-+].*)?$/.exec(text);
  return match === null ? undefined : [Number(match[1]), Number(match[2]), Number(match[3])];
}
