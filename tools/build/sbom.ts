import type { Content } from "./contents.ts";

/** What the bill of materials is of. */
export interface Product {
  readonly name: string;
  readonly version: string;
  readonly license: string;
}

/**
 * A CycloneDX bill of materials: what is really in the executables, not what the lock file installs. Without a time and a
 * serial number, so that the same sources give the same bytes.
 */
export function renderSbom(product: Product, contents: readonly Content[]): string {
  const self = { type: "application", "bom-ref": product.name, name: product.name, version: product.version, licenses: licensesOf(product.license) };
  const components = contents.map((content) => renderComponent(content));
  const bom = {
    $schema: "http://cyclonedx.org/schema/bom-1.6.schema.json", bomFormat: "CycloneDX", specVersion: "1.6", version: 1,
    metadata: { component: self },
    components,
    dependencies: [{ ref: product.name, dependsOn: components.map((component) => component["bom-ref"]) }],
  };
  return `${JSON.stringify(bom, undefined, 2)}\n`;
}

function renderComponent({ name, version, license, integrity }: Content) {
  const purl = `pkg:npm/${name.replace("@", "%40")}@${version}`;
  const [group, short] = name.startsWith("@") ? [name.split("/")[0], name.split("/")[1] ?? name] : [undefined, name];
  return {
    type: "library", "bom-ref": purl, ...(group === undefined ? {} : { group }), name: short, version, purl,
    ...(license === undefined ? {} : { licenses: licensesOf(license) }),
    // npm's hash of the package that the code was taken from.
    hashes: [{ alg: "SHA-512", content: Buffer.from(integrity.replace("sha512-", ""), "base64").toString("hex") }],
    ...(name.startsWith("node-") ? { components: partsOfNode() } : {}),
  };
}

// Node itself, as lists of vulnerabilities name it, and what it is made of, as the same version that runs this build says.
function partsOfNode() {
  const { node: own, ...others } = process.versions;
  const node = { type: "application", name: "node", version: own, cpe: `cpe:2.3:a:nodejs:node.js:${own}:*:*:*:*:*:*:*`, purl: `pkg:generic/node@${own}` };
  const parts = Object.entries(others).filter(([name]) => !["modules", "napi"].includes(name));
  return [node, ...parts.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, version]) => ({ type: "library", name, version }))];
}

function licensesOf(license: string) {
  return /[ ()]/u.test(license) ? [{ expression: license.replaceAll(/^\(|\)$/gu, "") }] : [{ license: { id: license } }];
}
