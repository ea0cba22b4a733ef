# shellcheck shell=bash disable=SC2034
# BIND 9.18, as Debian has it.

NAMESERVER_PACKAGES=(bind9 bind9-utils)
NAMESERVER_SERVICE=named
NAMESERVER_PROGRAM=named
NAMESERVER_GROUP=bind
NAMESERVER_CONFIGURATION=/etc/bind/named.conf
INCLUDES=/etc/bind/dns-cluster
NAMESERVER_SETTINGS='{ "kind": "bind", "host": "0.0.0.0", "port": 53, "operator": { "controlHost": "127.0.0.1", "controlPort": 953, "keyFile": "/etc/bind/rndc.key", "includeFile": "/etc/bind/dns-cluster/zones/zones.conf" } }'

BIND_APPARMOR=/etc/apparmor.d/local/usr.sbin.named
BIND_ADDED_ZONES=/var/cache/bind/_default.nzd

configure_nameserver() {
  local found
  found=$(named-checkconf -p "$NAMESERVER_CONFIGURATION" 2>/dev/null || true)
  [ "$dry" = no ] || [ -e "$NAMESERVER_CONFIGURATION" ] || return 0
  include_folder "$INCLUDES" '/* Written by dns-cluster. Changes made here are lost. */'
  bind_option "$found" allow-new-zones yes
  bind_option "$found" udp-receive-buffer 4194304
  append_line "$NAMESERVER_CONFIGURATION" "include \"$INCLUDES/zones/zones.conf\"; // $MARK"
  # Where AppArmor is on, named reads what its profile names, whatever the modes say.
  if [ -e "$BIND_APPARMOR" ]; then
    append_line "$BIND_APPARMOR" "$DATA/dns-cluster/zones/** r, # $MARK"
    reload_apparmor
  fi
  [ -e "$BIND_ADDED_ZONES" ] || record ADDED_ZONES_MADE yes
  run named-checkconf "$NAMESERVER_CONFIGURATION" || refused "$NAMESERVER_CONFIGURATION"
}

# Puts an option into the configuration, where it is not there. bind_option CONFIGURATION_AS_READ NAME VALUE
bind_option() {
  local file
  grep -qE "^[[:space:]]$2 $3;" <<<"$1" && return
  if grep -qE "^[[:space:]]$2 " <<<"$1"; then
    [ "$2" != allow-new-zones ] || fail "The configuration of BIND says \"$(grep -E "^[[:space:]]$2 " <<<"$1" | xargs)\"." "It must say: $2 $3;"
    return
  fi
  for file in $(bind_files); do
    grep -qE '^[[:space:]]*options[[:space:]]*\{[[:space:]]*((//|#).*)?$' "$file" || continue
    awk -v line="$(printf '\t%s %s; // %s' "$2" "$3" "$MARK")" \
      '{ print } !done && /^[[:space:]]*options[[:space:]]*\{/ { print line; done = 1 }' "$file" | edit "$file"
    return
  done
  ! grep -q '^options' <<<"$1" || fail "Where the options of BIND begin was not found." "Add to them by hand: allow-new-zones yes; udp-receive-buffer 4194304;"
  append_line "$NAMESERVER_CONFIGURATION" "options { allow-new-zones yes; udp-receive-buffer 4194304; }; // $MARK"
}

bind_files() {
  echo "$NAMESERVER_CONFIGURATION"
  sed -n 's/^[[:space:]]*include[[:space:]]*"\(.*\)".*/\1/p' "$NAMESERVER_CONFIGURATION" | while read -r file; do
    [ ! -f "$file" ] || echo "$file"
  done
}

reload_apparmor() {
  [ "$(cat /sys/module/apparmor/parameters/enabled 2>/dev/null)" = Y ] && command -v apparmor_parser >/dev/null || return 0
  run apparmor_parser -r /etc/apparmor.d/usr.sbin.named
}

# Takes our zones out of BIND's database of added zones. BIND is stopped.
forget_zones() {
  local zone
  put_back_all
  reload_apparmor
  [ -e "$BIND_ADDED_ZONES" ] || return 0
  if [ "$(recorded ADDED_ZONES_MADE)" = yes ] && ! named-nzd2nzf "$BIND_ADDED_ZONES" | grep -v "file \"$DATA/" | grep -q '^zone'; then
    run rm -f "$BIND_ADDED_ZONES" "$BIND_ADDED_ZONES-lock"
    return
  fi
  start_nameserver
  named-nzd2nzf "$BIND_ADDED_ZONES" | sed -n "s|^zone \"\([^\"]*\)\".*file \"$DATA/.*|\1|p" | while read -r zone; do
    run rndc delzone "$zone" >/dev/null || true
  done
  stop_nameserver
}
