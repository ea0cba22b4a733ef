# shellcheck shell=bash
# install.sh uninstall

uninstall_server() {
  local packages
  is_installed || fail "Nothing is installed here."
  kind=$(recorded NAMESERVER)
  load_nameserver "$kind"
  packages=$(recorded PACKAGES)
  step "Ending the service"
  remove_service
  step "Taking dns-cluster out of the nameserver"
  stop_nameserver
  forget_zones
  run rm -rf "${INCLUDES:-$DATA/none}"
  # One that did not run before is not wanted.
  [ "$(recorded NAMESERVER_RAN)" != yes ] || start_nameserver
  step "Removing the program"
  remove_account
  run rm -rf "$PROGRAMS" "$COMMAND" "$MANUAL" "$COMPLETION" "$CONFIGURATION_FOLDER" "$DATA.before-upgrade"
  local folder=${COMPLETION%/*}
  run rmdir --ignore-fail-on-non-empty "${MANUAL%/*}" "$folder" "${folder%/*}" 2>/dev/null || true
  if [ "$purge" = yes ]; then
    run rm -rf "$DATA" "$DATA.failed-upgrade"
  elif [ -d "$DATA" ]; then
    # Its user is gone, and another one could get that number.
    run chown -R root:root "$DATA"
    run chmod 700 "$DATA"
    say "Zones, members and keys stay in $DATA; a new installation takes them. --purge would have removed them."
  fi
  [ -z "$packages" ] || say "Installed for this, and left in place:$packages. Remove them with: apt-get purge$packages"
  say "Files that were changed are as they were before."
}
