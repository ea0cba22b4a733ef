# shellcheck shell=bash disable=SC2034
# Knot DNS 3.2, as Debian has it.

NAMESERVER_PACKAGES=(knot knot-dnssecutils)
NAMESERVER_SERVICE=knot
NAMESERVER_PROGRAM=knotd
NAMESERVER_GROUP=knot
NAMESERVER_CONFIGURATION=/etc/knot/knot.conf
INCLUDES=/etc/knot/dns-cluster
NAMESERVER_SETTINGS='{ "kind": "knot", "host": "0.0.0.0", "port": 53, "operator": { "controlSocket": "/run/knot/knot.sock", "includeFile": "/etc/knot/dns-cluster/zones/zones.conf" } }'

configure_nameserver() {
  [ "$dry" = no ] || [ -e "$NAMESERVER_CONFIGURATION" ] || return 0
  include_folder "$INCLUDES" '# Written by dns-cluster. Changes made here are lost.'
  # Debian's own configuration listens nowhere.
  if ! has_mark "$NAMESERVER_CONFIGURATION" && ! knot_listens; then
    append_line "$NAMESERVER_CONFIGURATION" "include: $INCLUDES/listen.conf # $MARK"
    printf 'server:\n    listen: [ 0.0.0.0@53, "::@53" ]\ninclude: %s/zones/zones.conf\n' "$INCLUDES" | write_file "$INCLUDES/listen.conf" 644 root:root
  fi
  append_line "$NAMESERVER_CONFIGURATION" "include: $INCLUDES/zones/zones.conf # $MARK"
  run_quietly knotc -c "$NAMESERVER_CONFIGURATION" conf-check || refused "$NAMESERVER_CONFIGURATION"
}

knot_listens() {
  awk '/^[a-z]/ { server = /^server:/ } server && /^[[:space:]]+listen:/ { found = 1 } END { exit !found }' "$NAMESERVER_CONFIGURATION"
}

forget_zones() { put_back_all; }
