import { argumentPatterns, flagPatterns, quoted, type CompletedCommand, type Value } from './words.js';

/** The script for zsh: a file of the function path, or to be sourced. */
export function zshCompletion(commands: readonly CompletedCommand[]): string {
  const known = commands.flatMap(({ paths }) => paths).filter((path) => path !== '');
  return `#compdef dnscluster
# Completes dnscluster in zsh; printed by "dnscluster completion zsh".
_dnscluster() {
  local at='' next i count=0 values=''
  local -a found options choices
  for ((i = 2; i < CURRENT; i++)); do
    next=\${at:+$at }\${words[i]}
    case $next in
      (${known.map(quoted).join('|')}) at=$next ;;
      (*) [[ \${words[i]} == -* || \${words[i - 1]} == -* ]] || count=$((count + 1)) ;;
    esac
  done
  case "$at:\${words[CURRENT - 1]}" in
${commands.flatMap(optionCases).join('\n')}
  esac
  if [[ -z $values ]]; then
    case $at in
${commands.map(wordCase).join('\n')}
    esac
    case "$at#$count" in
${commands.flatMap(argumentCases).join('\n')}
    esac
    [[ $PREFIX == -* ]] && values=''
  fi
  case $values in
    (file) _files ;;
    (folder) _files -/ ;;
    (zone) compadd -- \${(f)"$(\${words[1]} zones list --names --match "$PREFIX" 2>/dev/null)"} ;;
    (member) compadd -- \${(f)"$(\${words[1]} members list --names 2>/dev/null)"} ;;
    (choices) compadd -a choices ;;
    ('')
      (( \${#found} )) && _describe -t commands command found
      _describe -o -t options option options
      ;;
  esac
}
if [[ \${funcstack[1]} == _dnscluster ]]; then
  _dnscluster "$@"
else
  compdef _dnscluster dnscluster
fi
`;
}

/** What stands behind an option that takes a value. */
function optionCases(command: CompletedCommand): string[] {
  return command.options.flatMap(({ flags, value }) => {
    if (value === undefined) return [];
    const patterns = flagPatterns(command, flags);
    return [`    (${patterns.join('|')}) ${valuesOf(value)} ;;`];
  });
}

function wordCase({ paths, commands, options }: CompletedCommand): string {
  const found = commands.map(({ name, description }) => described(name, description));
  const flags = options.flatMap(({ flags: all, description }) => all.map((flag) => described(flag, description)));
  return `      (${paths.map(quoted).join('|')})
        found=(${found.join(' ')})
        options=(${flags.join(' ')})
        ;;`;
}

function argumentCases(command: CompletedCommand): string[] {
  return command.arguments.flatMap(({ value, isList }, at) => {
    if (value === 'other') return [];
    const patterns = argumentPatterns(command, at, isList);
    return [`      (${patterns.join('|')}) ${valuesOf(value)} ;;`];
  });
}

function valuesOf(value: Value): string {
  return typeof value === 'object' ? `choices=(${value.map(quoted).join(' ')}) values=choices` : `values=${value}`;
}

/** As `_describe` reads it: a colon ends the word. */
function described(word: string, description: string): string {
  return quoted(`${word.replaceAll(':', String.raw`\:`)}:${description}`);
}
