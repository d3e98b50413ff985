import type { CommandLineShape } from "./command-shape.ts";
import { offerFlags, planCompletion, settingSides, type CompletionNode, type FlagOffer } from "./completion.ts";

// The same for every table of commands: walks over the words before the cursor, then offers what fits.
const walk = `_linkerd_mesh() {
  local path="" flag="" word words flags value index current="\${COMP_WORDS[COMP_CWORD]}"
  COMPREPLY=()
  _linkerd_mesh_at ""
  for ((index = 1; index < COMP_CWORD; index++)); do
    word="\${COMP_WORDS[index]}"
    # Bash splits --flag=value into three words.
    if [[ "$word" == "=" ]]; then continue; fi
    if [[ -n "$flag" ]]; then flag=""; continue; fi
    if [[ "$word" == -* ]]; then
      _linkerd_mesh_value "$path" "$word"
      if [[ "$value" != ":none" ]]; then flag="$word"; fi
    elif _linkerd_mesh_at "\${path:+$path }$word"; then
      path="\${path:+$path }$word"
    else
      _linkerd_mesh_at "$path"; words=""
    fi
  done
  if [[ "$current" == "=" ]]; then current=""; fi
  if [[ -n "$flag" ]]; then
    _linkerd_mesh_value "$path" "$flag"
    case "$value" in
    :none|:text) ;;
    :file) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "$current") ;;
    *) mapfile -t COMPREPLY < <(compgen -W "$value" -- "$current") ;;
    esac
  elif [[ "$current" == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$flags" -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  fi
}

complete -F _linkerd_mesh linkerd-mesh
`;

/** A completion script for bash ≥ 4 that starts no program: everything it offers stands in it. */
export function renderBashCompletion(shape: CommandLineShape): string {
  const nodes = planCompletion(shape);
  const settings = offerFlags(shape.settings.both);
  return `# Completion of linkerd-mesh for bash, printed by \`linkerd-mesh completion bash\`.
${settingSides.map((side) => `_linkerd_mesh_${side}_settings="${words(offerFlags(shape.settings[side]))}"`).join("\n")}

# Sets what may come after the command words in $1.
_linkerd_mesh_at() {
  words="" flags=""
  case "$1" in
${nodes.map(renderNode).join("\n")}
  *) return 1 ;;
  esac
}

# Sets what may follow the flag $2 of the command $1: :none, :text, :file, or a list of words.
_linkerd_mesh_value() {
  case "$1:$2" in
${[...nodes.flatMap(renderOwnValues), ...offerValues("*", settings)].join("\n")}
  *) value=":none" ;;
  esac
}

${walk}`;
}

function renderNode({ path, words: next, flags, takesSettings }: CompletionNode): string {
  const settings = takesSettings === undefined ? "" : ` $_linkerd_mesh_${takesSettings}_settings`;
  return `  "${path}") words="${words(next)}" flags="${words(flags)}${settings}" ;;`;
}

function renderOwnValues({ path, flags }: CompletionNode): readonly string[] {
  return offerValues(`"${path}"`, flags);
}

function offerValues(path: string, flags: readonly FlagOffer[]): readonly string[] {
  return flags
    .filter(({ value }) => value !== "none")
    .map(({ word, value }) => `  ${path}:${word}) value="${typeof value === "string" ? `:${value}` : value.join(" ")}" ;;`);
}

function words(offers: readonly { readonly word: string }[]): string {
  return offers.map(({ word }) => word).join(" ");
}
