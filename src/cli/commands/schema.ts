import { z } from "zod";
import { MeshError } from "../../model/errors.ts";
import type { Command, CommandTable } from "../command.ts";
import { parseWords } from "../parse-words.ts";
import { outputSchema, stderrLine, toJsonSchema } from "../schemas.ts";

const jsonSchema = z.looseObject({ $schema: z.string() });

const output = z.union([jsonSchema, z.strictObject({ commands: z.record(z.string(), jsonSchema), stderr: jsonSchema })]);

/** The command that publishes the schemas of this table of commands. */
export function createSchemaCommand(table: CommandTable): Command {
  return {
    name: ["schema"],
    describe: "Print the JSON schema of what a command prints with --output json",
    needsHost: false,
    positionals: [{ name: "command", describe: "Words of the command; the schemas of all, and of stderr under --progress json, when left out", required: false, rest: true }],
    examples: [
      { line: "linkerd-mesh schema overview", does: "Prints the schema of one command's objects" },
      { line: "linkerd-mesh schema", does: "Prints all schemas, and that of stderr's lines under --progress json" },
    ],
    output,
    async run({ options, result }) {
      const words = Array.isArray(options["command"]) ? options["command"].map(String) : [];
      result(words.length === 0 ? await listSchemas(table) : await readSchema(words, table));
      return 0;
    },
  };
}

async function listSchemas(table: CommandTable): Promise<z.infer<typeof output>> {
  const commands = await Promise.all(table.entries.map(({ load }) => load()));
  const schemas = new Map<string, z.infer<typeof jsonSchema>>();
  for (const command of commands) {
    const schema = await outputSchema(command);
    if (schema !== undefined) schemas.set(command.name.join(" "), jsonSchema.parse(toJsonSchema(schema)));
  }
  return { commands: Object.fromEntries(schemas), stderr: jsonSchema.parse(toJsonSchema(stderrLine)) };
}

async function readSchema(words: readonly string[], table: CommandTable): Promise<Readonly<Record<string, unknown>>> {
  const command = await parseWords(words, table).entry.load();
  const schema = await outputSchema(command);
  if (schema !== undefined) return toJsonSchema(schema);
  const what = `linkerd-mesh ${command.name.join(" ")} prints no objects`;
  throw new MeshError("USAGE", { doing: "looking for a schema", what, remedy: "Run `linkerd-mesh schema` to see all schemas." });
}
