import type { CommandLineShape } from "./command-shape.ts";
import { offerFlags, planCompletion, settingSides, type CompletionNode, type FlagOffer, type Offer } from "./completion.ts";

// The same for every table of commands: walks over the words before the cursor, then offers what fits.
const walk = `_linkerd_mesh() {
  local at="" flag="" word current="\${words[CURRENT]}"
  local -a next flags value
  integer index
  _linkerd_mesh_at ""
  for ((index = 2; index < CURRENT; index++)); do
    word="\${words[index]}"
    if [[ -n "$flag" ]]; then flag=""; continue; fi
    if [[ "$word" == -* ]]; then
      _linkerd_mesh_value "$at" "$word"
      if [[ "\${value[1]}" != ":none" ]]; then flag="$word"; fi
    elif _linkerd_mesh_at "\${at:+$at }$word"; then
      at="\${at:+$at }$word"
    else
      _linkerd_mesh_at "$at"; next=()
    fi
  done
  if [[ -z "$flag" && "$current" == --*=* ]]; then
    flag="\${current%%=*}"
    compset -P "*="
  fi
  if [[ -n "$flag" ]]; then
    _linkerd_mesh_value "$at" "$flag"
    case "\${value[1]}" in
    (:text|:none) ;;
    (:file) _files ;;
    (*) compadd -- "\${value[@]}" ;;
    esac
  elif [[ "$current" == -* ]]; then
    _describe -o option flags
  else
    _describe command next
  fi
}

# As the file _linkerd-mesh of $fpath this text is the function itself and runs at once; sourced it only registers.
if [[ "\${funcstack[1]}" == "_linkerd-mesh" ]]; then
  _linkerd_mesh "$@"
else
  compdef _linkerd_mesh linkerd-mesh
fi
`;

/** A completion script for zsh with descriptions; like bash's it starts no program. */
export function renderZshCompletion(shape: CommandLineShape): string {
  const nodes = planCompletion(shape);
  const settings = offerFlags(shape.settings.both);
  return `#compdef linkerd-mesh
# Completion of linkerd-mesh for zsh, printed by \`linkerd-mesh completion zsh\`.

# Sets what may come after the command words in $1.
_linkerd_mesh_at() {
  next=() flags=()
  case "$1" in
${nodes.map(renderNode).join("\n")}
  (*) return 1 ;;
  esac
}

${settingSides.map((side) => renderSettings(side, offerFlags(shape.settings[side]))).join("\n")}

# Sets what may follow the flag $2 of the command $1: :none, :text, :file, or a list of words.
_linkerd_mesh_value() {
  case "$1:$2" in
${[...nodes.flatMap(({ path, flags }) => offerValues(`"${path}"`, flags)), ...offerValues("*", settings)].join("\n")}
  (*) value=(:none) ;;
  esac
}

${walk}`;
}

function renderNode({ path, words, flags, takesSettings }: CompletionNode): string {
  return [
    `  ("${path}")`,
    `    next=(${list(words)})`,
    `    flags=(${list(flags)})`,
    ...(takesSettings === undefined ? [] : [`    _linkerd_mesh_${takesSettings}_settings`]),
    "    ;;",
  ].join("\n");
}

function renderSettings(side: string, flags: readonly FlagOffer[]): string {
  return [`_linkerd_mesh_${side}_settings() {`, "  flags+=(", ...flags.map(renderOffer), "  )", "}", ""].join("\n");
}

function list(offers: readonly Offer[]): string {
  return offers.length === 0 ? "" : `\n${offers.map(renderOffer).join("\n")}\n    `;
}

function renderOffer({ word, describe }: Offer): string {
  return `      ${quote(`${word.replaceAll(":", "\\:")}:${describe}`)}`;
}

function offerValues(path: string, flags: readonly FlagOffer[]): readonly string[] {
  return flags
    .filter(({ value }) => value !== "none")
    .map(({ word, value }) => `  (${path}:${word}) value=(${typeof value === "string" ? `:${value}` : value.map(quote).join(" ")}) ;;`);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
