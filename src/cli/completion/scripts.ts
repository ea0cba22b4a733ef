/** How each shell asks `dnscluster complete` at TAB. At a line `:file` or `:folder` the shell offers its own. */
export const SCRIPTS: Readonly<Record<string, string>> = {
  // Bash 4 and later. What is offered is never expanded, as the words of `compgen -W` are.
  bash: `# Completes dnscluster in bash; printed by "dnscluster completion bash".
_dnscluster() {
  local line current=\${COMP_WORDS[COMP_CWORD]}
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :file) mapfile -t COMPREPLY < <(compgen -f -- "$current") && compopt -o filenames 2>/dev/null ;;
      :folder) mapfile -t COMPREPLY < <(compgen -d -- "$current") && compopt -o filenames 2>/dev/null ;;
      *) COMPREPLY+=("\${line%%$'\\t'*}") ;;
    esac
  done < <("\${COMP_WORDS[0]}" complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _dnscluster dnscluster
`,
  // A file of the function path, or to be sourced.
  zsh: `#compdef dnscluster
# Completes dnscluster in zsh; printed by "dnscluster completion zsh".
_dnscluster() {
  local line
  local -a found
  for line in \${(f)"$(\${words[1]} complete -- \${words[2,CURRENT-1]} "$PREFIX" 2>/dev/null)"}; do
    case $line in
      (:file) _files ;;
      (:folder) _files -/ ;;
      (*) found+=("\${\${line//:/\\\\:}/$'\\t'/:}") ;;
    esac
  done
  (( \${#found} )) && _describe dnscluster found
}
if [[ \${funcstack[1]} == _dnscluster ]]; then
  _dnscluster "$@"
else
  compdef _dnscluster dnscluster
fi
`,
  // Fish 3 and later.
  fish: `# Completes dnscluster in fish; printed by "dnscluster completion fish".
function __dnscluster_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    for line in ($words[1] complete -- $words[2..] "$current" 2>/dev/null)
        switch $line
            case :file
                __fish_complete_path "$current"
            case :folder
                __fish_complete_directories "$current"
            case '*'
                echo $line
        end
    end
end
complete -c dnscluster -f -a '(__dnscluster_complete)'
`,
};
