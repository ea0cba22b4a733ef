# shellcheck shell=bash disable=SC2034
# NSD 4.6, as Debian has it: it reads its configuration as root without root's right to read everything.

NAMESERVER_PACKAGES=(nsd)
NAMESERVER_SERVICE=nsd
NAMESERVER_PROGRAM=nsd
NAMESERVER_GROUP=nsd
NAMESERVER_CONFIGURATION=/etc/nsd/nsd.conf
INCLUDES=/etc/nsd/dns-cluster
NAMESERVER_SETTINGS='{ "kind": "nsd", "host": "0.0.0.0", "port": 53, "operator": { "controlSocket": "/run/nsd/nsd.ctl", "includeFile": "/etc/nsd/dns-cluster/zones/zones.conf" } }'

NSD_ADDED_ZONES=/var/lib/nsd/zone.list

configure_nameserver() {
  [ "$dry" = no ] || [ -e "$NAMESERVER_CONFIGURATION" ] || return 0
  include_folder "$INCLUDES" '# Written by dns-cluster. Changes made here are lost.'
  printf 'remote-control:\n\tcontrol-enable: yes\n\tcontrol-interface: "/run/nsd/nsd.ctl"\ninclude: "%s/zones/zones.conf"\n' "$INCLUDES" |
    write_file "$INCLUDES/nsd.conf" 644 root:root
  append_line "$NAMESERVER_CONFIGURATION" "include: \"$INCLUDES/nsd.conf\" # $MARK"
  [ -e "$NSD_ADDED_ZONES" ] || record ADDED_ZONES_MADE yes
  run nsd-checkconf "$NAMESERVER_CONFIGURATION" || refused "$NAMESERVER_CONFIGURATION"
}

# What Debian's init script does takes half a minute.
stop_plainly() {
  start-stop-daemon --stop --oknodo --exec /usr/sbin/nsd --retry TERM/30/KILL/5
}

# Takes our zones out of NSD's list of added zones. NSD is stopped.
forget_zones() {
  put_back_all
  [ -e "$NSD_ADDED_ZONES" ] || return 0
  run sed -i '/^add .* dns-cluster-[^ ]*$/d' "$NSD_ADDED_ZONES"
  if [ "$(recorded ADDED_ZONES_MADE)" = yes ] && ! grep -q '^add' "$NSD_ADDED_ZONES"; then
    run rm -f "$NSD_ADDED_ZONES"
  fi
}
