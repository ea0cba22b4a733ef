import { argumentPatterns, flagPatterns, quoted, type CompletedCommand, type Value } from './words.js';

/**
 * The script for bash 4 and later. What a service answers is never expanded by the shell, as the words of `compgen -W` are: those are of this
 * program alone.
 */
export function bashCompletion(commands: readonly CompletedCommand[]): string {
  const known = commands.flatMap(({ paths }) => paths).filter((path) => path !== '');
  return `# Completes dnscluster in bash; printed by "dnscluster completion bash".
_dnscluster() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]}
  local at='' next i count=0 words='' values='' line
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    next=\${at:+$at }\${COMP_WORDS[i]}
    case $next in
      ${known.map(quoted).join(' | \\\n        ')}) at=$next ;;
      *) [[ \${COMP_WORDS[i]} == -* || \${COMP_WORDS[i - 1]} == -* ]] || count=$((count + 1)) ;;
    esac
  done
  case "$at:$before" in
${commands.flatMap(optionCases).join('\n')}
  esac
  if [[ -z $values ]]; then
    case $at in
${commands.map(wordCase).join('\n')}
    esac
    case "$at#$count" in
${commands.flatMap(argumentCases).join('\n')}
      *) values=words ;;
    esac
    [[ $current == -* ]] && values=words
  fi
  case $values in
    file) mapfile -t COMPREPLY < <(compgen -f -- "$current") && compopt -o filenames 2>/dev/null ;;
    folder) mapfile -t COMPREPLY < <(compgen -d -- "$current") && compopt -o filenames 2>/dev/null ;;
    zone | member)
      while read -r line; do
        [[ $line == "$current"* ]] && COMPREPLY+=("$line")
      done < <("_dnscluster_\${values}s" "\${COMP_WORDS[0]}" "$current" 2>/dev/null)
      ;;
    words) mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current") ;;
  esac
}
_dnscluster_zones() { "$1" zones list --names --match "$2"; }
_dnscluster_members() { "$1" members list --names; }
complete -F _dnscluster dnscluster
`;
}

/** What stands behind an option that takes a value. */
function optionCases(command: CompletedCommand): string[] {
  return command.options.flatMap(({ flags, value }) => {
    if (value === undefined) return [];
    const patterns = flagPatterns(command, flags);
    return [
      `    ${patterns.join(' | ')}) ${typeof value === 'object' ? listed(value.join(' ')) : `values=${value}`} ;;`,
    ];
  });
}

function wordCase({ paths, commands, options }: CompletedCommand): string {
  const words = [...commands.map(({ name }) => name), ...options.flatMap(({ flags }) => flags)].join(' ');
  return `      ${paths.map(quoted).join(' | ')}) words=${quoted(words)} ;;`;
}

function argumentCases(command: CompletedCommand): string[] {
  return command.arguments.flatMap(({ value, isList }, at) => {
    if (value === 'other') return [];
    const patterns = argumentPatterns(command, at, isList);
    return [`      ${patterns.join(' | ')}) ${argumentValues(value)} ;;`];
  });
}

/** Where a few are known, the options stand beside them. */
function argumentValues(value: Value): string {
  return typeof value === 'object' ? `words="${value.join(' ')} $words" values=words` : `values=${value}`;
}

function listed(words: string): string {
  return `words=${quoted(words)} values=words`;
}
