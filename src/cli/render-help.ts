import { renderColumns, wrap, helpWidth, type Row } from "./columns.ts";
import type { CommandEntry, CommandShape, CommandTable, Option } from "./command.ts";
import type { CommandLineShape } from "../generate/command-shape.ts";
import { describeOption, describePositional, renderFlag, renderPositional } from "../generate/render-option.ts";
import { globalOptions } from "./global-options.ts";
import { childrenOf } from "./parse-words.ts";

/** Help of the whole program. */
export function renderProgramHelp(table: CommandTable): string {
  return paragraphs([
    "linkerd-mesh joins a machine outside Kubernetes to a Linkerd mesh.",
    "Usage: linkerd-mesh [COMMAND] [OPTIONS]",
    section("Commands", renderColumns(table.entries.map(entryRow([])))),
    section("Options of every command", renderOptions(globalOptions)),
    section("Examples", renderExamples([
      { line: "linkerd-mesh", does: "Says how this machine stands and what to do next" },
      { line: "linkerd-mesh run --help", does: "Shows a command's options and examples" },
    ])),
    "Exit codes: 0 good, 1 the answer is no, 2 usage or settings, 3 could not do it; docs/errors.md lists every error.",
  ]);
}

/** Help of a word that only gathers commands; the examples are the first of each. */
export function renderGroupHelp(words: readonly string[], table: CommandTable, shapes: readonly CommandShape[]): string {
  const children = childrenOf(words, table);
  const called = `linkerd-mesh ${words.join(" ")}`;
  const names = new Set(children.map(({ name }) => name.join(" ")));
  return paragraphs([
    `${called}: ${table.groups[words.join(" ")] ?? ""}.`,
    `Usage: ${called} COMMAND [OPTIONS]`,
    section("Commands", renderColumns(children.map(entryRow(words)))),
    section("Examples", renderExamples(shapes.filter(({ name }) => names.has(name.join(" "))).flatMap(({ examples }) => examples.slice(0, 1)))),
    `\`${called} COMMAND --help\` shows a command's options.`,
  ]);
}

/** Help of one command; `settings` are the flags of the settings, shown when it takes them. */
export function renderCommandHelp(shape: CommandShape, table: CommandTable, settings: CommandLineShape["settings"]): string {
  const children = childrenOf(shape.name, table);
  const called = `linkerd-mesh ${shape.name.join(" ")}`;
  const positionals = shape.positionals ?? [];
  return paragraphs([
    `${called}: ${shape.describe}.`,
    `Usage: ${[called, ...positionals.map(renderPositional), "[OPTIONS]"].join(" ")}`,
    section("Words", renderColumns(positionals.map((positional) => ({ term: renderPositional(positional), text: describePositional(positional) })))),
    section("Commands", renderColumns(children.map(entryRow(shape.name)))),
    section("Options", renderOptions(shape.options ?? {})),
    section("Examples", renderExamples(shape.examples)),
    section("Options of every command", renderOptions(globalOptions)),
    shape.takesSettings !== undefined ? section("Settings, which variables and the config file may give as well", renderOptions(settings[shape.takesSettings])) : "",
  ]);
}

function renderOptions(options: Readonly<Record<string, Option>>): string {
  return renderColumns(Object.entries(options).map(([name, option]) => ({ term: renderFlag(name, option), text: describeOption(option) })));
}

function renderExamples(examples: CommandShape["examples"]): string {
  return examples.map(({ line, does }) => `  ${line}\n${wrap(does, helpWidth - 6).map((text) => `      ${text}`).join("\n")}`).join("\n");
}

function entryRow(parent: readonly string[]): (entry: CommandEntry) => Row {
  return ({ name, describe: text }) => ({ term: name.slice(parent.length).join(" "), text });
}

function section(title: string, body: string): string {
  return body === "" ? "" : `${title}:\n${body}`;
}

function paragraphs(parts: readonly string[]): string {
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}
