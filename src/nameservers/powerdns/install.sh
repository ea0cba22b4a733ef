# shellcheck shell=bash disable=SC2034
# PowerDNS 4.7 with its bind backend, as Debian has it.

NAMESERVER_PACKAGES=(pdns-server pdns-backend-bind)
NAMESERVER_SERVICE=pdns
NAMESERVER_PROGRAM=pdns_server
NAMESERVER_GROUP=pdns
NAMESERVER_CONFIGURATION=/etc/powerdns/pdns.conf
INCLUDES=/etc/powerdns/dns-cluster
NAMESERVER_SETTINGS='{ "kind": "powerdns", "host": "0.0.0.0", "port": 53, "operator": { "controlSocket": "/run/pdns/pdns.controlsocket", "includeFile": "/etc/powerdns/dns-cluster/zones/zones.conf", "configFolder": "/etc/powerdns" } }'

configure_nameserver() {
  local zones
  zones=$(pdns_bind_config)
  [ "$dry" = no ] || [ -n "$zones" ] || return 0
  [ -n "$zones" ] || fail "PowerDNS has no bind backend in its configuration." "Add launch+=bind and bind-config=/etc/powerdns/named.conf to it"
  include_folder "$INCLUDES" '/* Written by dns-cluster. Changes made here are lost. */'
  # Only then its group may use its control socket. It is of that group already where systemd starts it.
  grep -q '^setgid=' <<<"$(pdns_settings)" || append_line "$NAMESERVER_CONFIGURATION" "setgid=pdns # $MARK"
  append_line "$zones" "include \"$INCLUDES/zones/zones.conf\"; // $MARK"
}

pdns_settings() { cat "$NAMESERVER_CONFIGURATION" /etc/powerdns/pdns.d/*.conf 2>/dev/null || true; }

pdns_bind_config() { pdns_settings | sed -n 's/^bind-config=//p' | tail -1; }

# Debian's package has no init script.
start_plainly() {
  install -d -m 755 -o pdns -g pdns /run/pdns
  pdns_server --daemon=yes --guardian=no --setuid=pdns --setgid=pdns --socket-dir=/run/pdns
}

stop_plainly() {
  start-stop-daemon --stop --oknodo --exec /usr/sbin/pdns_server --retry 10
}

forget_zones() { put_back_all; }
