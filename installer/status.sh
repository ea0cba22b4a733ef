# shellcheck shell=bash
# install.sh status

show_status() {
  local folder
  if ! is_installed; then
    say "Nothing is installed here. This package has the version $(package_version "$here")."
    return 1
  fi
  if [ ! -e "$CURRENT" ]; then
    say "The installation of the nameserver $(recorded NAMESERVER) was begun and is not complete. Run install.sh install again."
    return 1
  fi
  say "Version      $(package_version "$CURRENT") ($(readlink "$CURRENT"))"
  for folder in "$PROGRAMS"/*-*/; do
    [ "${folder%/}" = "$(readlink "$CURRENT")" ] || [ ! -d "$folder" ] || say "Kept         ${folder%/}"
  done
  say "Node.js      $(node_version "$NODE_LINK") ($(readlink -f "$NODE_LINK"))"
  say "Nameserver   $(recorded NAMESERVER)"
  say "Data         $DATA"
  say "Changed      $(awk '{ print $2 }' "$EDITED" 2>/dev/null | paste -sd' ')"
  if ! service_runs; then
    say "Service      it does not run"
    return 1
  fi
  is_ready || { say "Service      it runs, and is not ready"; return 1; }
  say "Service      it runs and is ready"
  "$COMMAND" status
}
