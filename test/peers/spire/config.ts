/** What both configurations are made of. */
export interface SpireConfig {
  readonly folder: string;
  readonly trustDomain: string;
  readonly port: number;
}

/** Configuration of a server with a CA from disk above it, which takes nodes by certificate. */
export function renderServerConfig({ folder, trustDomain, port }: SpireConfig): string {
  return `server {
  bind_address = "127.0.0.1"
  bind_port = "${port}"
  socket_path = "${folder}/server.sock"
  trust_domain = "${trustDomain}"
  data_dir = "${folder}/server"
  log_level = "DEBUG"
  ca_ttl = "24h"
  default_x509_svid_ttl = "1h"
  disable_jwt_svids = true
  experimental { cache_reload_interval = "1s" }
}
plugins {
  DataStore "sql" { plugin_data { database_type = "sqlite3", connection_string = "${folder}/server/datastore.sqlite3" } }
  KeyManager "disk" { plugin_data { keys_path = "${folder}/server/keys.json" } }
  NodeAttestor "x509pop" { plugin_data { ca_bundle_path = "${folder}/node-ca.crt", agent_path_template = "/x509pop/cn/{{ .Subject.CommonName }}" } }
  UpstreamAuthority "disk" { plugin_data { cert_file_path = "${folder}/upstream.crt", key_file_path = "${folder}/upstream.key", bundle_file_path = "${folder}/root.crt" } }
}
`;
}

/** What an agent's configuration differs by on the systems. */
export interface AgentConfig extends SpireConfig {
  /** Where it listens; without one at its own default, which is that of SPIRE_SOCKET_ADDR as well. */
  readonly socketPath?: string;
  readonly workloadAttestor: string;
}

/** How the agent tells workloads apart on Linux. */
export const unixAttestor = 'WorkloadAttestor "unix" { plugin_data { } }';

/** Configuration of an agent that proves its node with a certificate. */
export function renderAgentConfig({ folder, trustDomain, port, socketPath, workloadAttestor }: AgentConfig): string {
  return `agent {
  server_address = "127.0.0.1"
  server_port = ${port}
${socketPath === undefined ? "" : `  socket_path = "${socketPath}"\n`}  trust_domain = "${trustDomain}"
  trust_bundle_path = "${folder}/root.crt"
  data_dir = "${folder}/agent"
  log_level = "DEBUG"
  experimental { sync_interval = "1s" }
}
plugins {
  KeyManager "disk" { plugin_data { directory = "${folder}/agent" } }
  NodeAttestor "x509pop" { plugin_data { private_key_path = "${folder}/node.key", certificate_path = "${folder}/node.crt" } }
  ${workloadAttestor}
}
`;
}
