// Writes the generated sources; with --check it only compares, prints what differs and ends with 1.
// Protocols: tools/protocols.ts.
// Command line and errors: the commands' plain data for help and completion, docs/cli.md and docs/errors.md.
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { renderCliDocs } from "../src/generate/cli-docs.ts";
import { renderCommandShapes } from "../src/generate/command-shapes-module.ts";
import { renderErrorsDocs } from "../src/generate/errors-docs.ts";
import { renderSettingsDocs } from "../src/generate/docs-settings.ts";
import { errorCatalogue } from "../src/model/error-catalogue.ts";
import { generateProtocols } from "./protocols.ts";

const files = generateProtocols();
// The commands need the protocols, so that these are written first.
const checking = process.argv.includes("--check");
settle(files);
const described = await describeCommands();
settle(described);
for (const path of globSync("src/*/generated/**/*.ts").filter((path) => !files.has(path) && !described.has(path))) {
  if (checking) complain(`${path} has no source any more`);
  else rmSync(path);
}

/** Writes what differs, or with --check says so. */
function settle(wanted: ReadonlyMap<string, string>): void {
  for (const [path, text] of wanted) {
    if (existsSync(path) && readFileSync(path, "utf8") === text) continue;
    if (checking) complain(`${path} differs from its source`);
    else write(path, text);
  }
}

function write(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  console.log(`generate: wrote ${path}`);
}

function complain(what: string): void {
  console.error(`generate: ${what}; run: npm run generate`);
  process.exitCode = 1;
}

async function describeCommands(): Promise<ReadonlyMap<string, string>> {
  const { describeCommandLine } = await import("../src/cli/describe.ts");
  const shape = await describeCommandLine((await import("../src/cli/commands/index.ts")).commandTable);
  return new Map([
    ["src/cli/generated/shapes.ts", renderCommandShapes(shape.commands)],
    ["docs/cli.md", renderCliDocs(shape)],
    ["docs/settings.md", renderSettingsDocs()],
    ["docs/errors.md", renderErrorsDocs(errorCatalogue)],
  ]);
}
