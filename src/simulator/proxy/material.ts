/** What the proxy's TLS is made of at a moment, PEM. */
export interface TlsMaterial {
  readonly cert: string;
  readonly key: string;
  /** Whom it believes. */
  readonly ca: string;
}
