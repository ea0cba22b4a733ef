# shellcheck shell=bash
# install.sh upgrade: another version in place, and back where it does not become ready.

SAVED=$DATA.before-upgrade

upgrade_server() {
  local before
  is_installed || fail "Nothing is installed here." "install.sh install --help"
  kind=$(recorded NAMESERVER)
  load_nameserver "$kind"
  before=$(readlink "$CURRENT")
  find_node "$node_given" "$(needed_node "$here")"
  find_package
  at_least "$(package_version "$package")" "$(package_version "$before")" ||
    fail "This is version $(package_version "$package"), and $(package_version "$before") runs." "An older version can't read what a newer one wrote: uninstall --purge, install the older one, and restore a backup that it made"
  place_program
  if [ "$dry" = yes ]; then
    say "would then: stop the service, keep its data as $SAVED, start the new version, and go back where it does not become ready"
    return
  fi
  if [ "$release" = "$before" ]; then
    say "This version is the one that runs already."
    install_service "$package"
    service_does start
    return
  fi
  [ ! -e "$SAVED" ] || fail "$SAVED is there: an upgrade was interrupted." "Where the service does well, delete it; else stop the service, put it in the place of $DATA, and start it"
  step "Changing from ${before##*/} to ${release##*/}"
  node_before=$(readlink "$NODE_LINK")
  service_does stop
  if ! save_data; then
    rm -rf "$SAVED"
    service_does start
    fail "The data could not be kept beside itself (see above), so nothing was changed; the version before runs again." "Make room on the disk of $DATA"
  fi
  if start_release "$release" && until_ready "$wait"; then
    rm -rf "$SAVED"
    drop_old_releases "$before"
    step "Looking whether all is well"
    as_service "$COMMAND" doctor || warn "The new version runs, and something is wrong (above)."
    say "$(package_version "$release") runs. The version before is kept as $before"
  else
    go_back "$before"
  fi
}

# start_release FOLDER
start_release() {
  use_release "$1" && install_service "$1" && [ "$(readlink "$CURRENT")" = "$1" ] && service_does start
}

# All that it keeps, but for the socket. Master files and previous versions are only ever replaced as a whole: second names do for them.
save_data() {
  local wholes=(-path ./dns-cluster/zones -o -path ./dns-cluster/previous)
  install -d -m 700 "$SAVED" && (
    cd "$DATA" &&
      find . -mindepth 1 -maxdepth 2 \( "${wholes[@]}" \) -exec cp -al --parents -t "$SAVED" {} + &&
      find . -mindepth 1 \( "${wholes[@]}" -o -path ./dns-cluster/control \) -prune -o ! -type d -exec cp -a --parents -t "$SAVED" {} +
  ) && chown --reference="$DATA" "$SAVED" && chmod --reference="$DATA" "$SAVED"
}

# go_back BEFORE
go_back() {
  local failed=$DATA.failed-upgrade
  warn "The new version did not become ready:"
  last_words >&2
  step "Going back to ${1##*/}"
  service_does stop
  rm -rf "$failed"
  mv -T "$DATA" "$failed"
  mv -T "$SAVED" "$DATA"
  node=$node_before
  start_release "$1" || not_ready
  until_ready "$wait" || not_ready
  rm -rf "$release"
  fail "The upgrade failed; the version before runs again, with its data as it was." \
    "What the new version made of the data is in $failed: delete it when you have looked. Members send again what they had sent meanwhile (Drift and conflicts)."
}
