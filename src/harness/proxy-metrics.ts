/** What the harness reads from the proxy's own metrics. */
export interface ProxyMetrics {
  /** From `proxy_build_info`; undefined when the proxy does not tell. */
  readonly version: string | undefined;
  /** When its certificate ends, seconds since 1970; undefined before the first one. */
  readonly certificateExpires: number | undefined;
}

/** Reads the Prometheus text of linkerd2-proxy. The certificate's metric has had several prefixes: its ending decides. */
export function parseProxyMetrics(text: string): ProxyMetrics {
  const build = /^proxy_build_info\{(?<labels>[^}]*)\}/m.exec(text)?.groups?.["labels"] ?? "";
  const expiry = /^\w*identity_cert_expiration_timestamp_seconds(?:\{[^}]*\})?\s+(?<value>[0-9.e+]+)/m.exec(text)?.groups?.["value"];
  const seconds = Number(expiry);
  return {
    version: /(?:^|,)version="(?<version>[^"]*)"/.exec(build)?.groups?.["version"],
    // The gauge stands at zero until the first certificate.
    certificateExpires: expiry === undefined || seconds === 0 ? undefined : seconds,
  };
}
