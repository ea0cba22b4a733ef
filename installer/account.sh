# shellcheck shell=bash
# The user that the service runs as, in the group of the nameserver: so that one reads its zones, and it reaches that one's control channel.

# The password tools write backups of their own, which are put back: nobody else's account was changed. with_accounts COMMAND...
with_accounts() {
  local name aside status=0
  if [ "$dry" = yes ]; then
    run "$@"
    return
  fi
  aside=$(mktemp -d)
  for name in passwd group shadow gshadow; do
    [ ! -e "/etc/$name-" ] || cp -a "/etc/$name-" "$aside"
  done
  "$@" || status=$?
  for name in passwd group shadow gshadow; do
    if [ -e "$aside/$name-" ]; then cp -a "$aside/$name-" /etc; else rm -f "/etc/$name-"; fi
  done
  rm -rf "$aside"
  return "$status"
}

# make_account GROUP
make_account() {
  local group=$1
  if ! getent group "$group" >/dev/null; then
    step "Making the group $group"
    with_accounts groupadd --system "$group"
    record GROUP_MADE yes
  fi
  if ! getent passwd "$ACCOUNT" >/dev/null; then
    step "Making the user $ACCOUNT, of the group $group"
    with_accounts useradd --system --gid "$group" --home-dir "$DATA" --no-create-home --shell /usr/sbin/nologin "$ACCOUNT"
    record ACCOUNT_MADE yes
  elif [ "$(id -gn "$ACCOUNT")" != "$group" ]; then
    fail "There is a user $ACCOUNT of another group than $group." "usermod -g $group $ACCOUNT, where it is to be the one of the service"
  fi
}

remove_account() {
  if [ "$(recorded ACCOUNT_MADE)" = yes ] && getent passwd "$ACCOUNT" >/dev/null; then
    with_accounts userdel "$ACCOUNT" || true
  fi
  if [ "$(recorded GROUP_MADE)" = yes ] && getent group "$ACCOUNT" >/dev/null; then
    with_accounts groupdel "$ACCOUNT" || true
  fi
}
