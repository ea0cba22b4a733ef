# shellcheck shell=bash
# What all nameservers have in common: installing, the folder of the file that they include, starting, and zones of their own.

# The kinds that there are, with commas between: each has a folder with an install.sh. nameserver_kinds
nameserver_kinds() {
  local folder kinds=''
  for folder in "$here"/src/nameservers/*/install.sh; do
    folder=${folder%/*}
    kinds+=${kinds:+, }${folder##*/}
  done
  printf '%s' "$kinds"
}

# load_nameserver KIND
load_nameserver() {
  [[ $1 =~ ^[a-z0-9-]+$ && -e $here/src/nameservers/$1/install.sh ]] ||
    wrong_use "There is no nameserver \"$1\". There are: $(nameserver_kinds)."
  # shellcheck source=src/nameservers/embedded/install.sh
  . "$here/src/nameservers/$1/install.sh"
}

install_nameserver() {
  local name missing=()
  for name in "${NAMESERVER_PACKAGES[@]}"; do
    has_package "$name" || missing+=("$name")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  step "Installing ${missing[*]}"
  run apt-get update -q
  DEBIAN_FRONTEND=noninteractive run apt-get install -y -q --no-install-recommends "${missing[@]}" ||
    fail "apt could not install ${missing[*]}." "See what it says above; then run this again"
  record PACKAGES "$(recorded PACKAGES) ${missing[*]}"
}

# A folder of root's, and in it the one in which the service writes the file that the nameserver includes. What root writes or replaces there
# would be at the mercy of the service, which therefore makes its file itself. include_folder PATH NOTICE
include_folder() {
  make_folder "$1" 755 root:root
  make_folder "$1/zones" 755 "$ACCOUNT:$NAMESERVER_GROUP"
  if [ "$dry" = yes ]; then
    say "would write: $1/zones/zones.conf"
  elif [ ! -e "$1/zones/zones.conf" ]; then
    printf '%s\n' "$2" | as_service tee "$1/zones/zones.conf" >/dev/null
  fi
}

# The nameserver refuses its configuration with our lines: they go. refused FILE
refused() {
  put_back_all
  rm -rf "$KEPT" "${INCLUDES:?}"
  fail "The nameserver refuses its configuration $1 with the lines of dns-cluster; they were taken out again." "See what it says above"
}

has_systemd() { [ -d /run/systemd/system ]; }

nameserver_runs() {
  [ -n "$NAMESERVER_SERVICE" ] || return 1
  if has_systemd; then systemctl is-active --quiet "$NAMESERVER_SERVICE"; else pidof "$NAMESERVER_PROGRAM" >/dev/null; fi
}

start_nameserver() {
  [ -n "$NAMESERVER_SERVICE" ] || return 0
  if has_systemd; then
    run systemctl start "$NAMESERVER_SERVICE"
  elif [ -x "/etc/init.d/$NAMESERVER_SERVICE" ]; then
    run_quietly "/etc/init.d/$NAMESERVER_SERVICE" start
  else
    run_quietly start_plainly
  fi || fail "The nameserver does not start (see above)." "Look into its log; then run this again"
}

# One that does not run is no error.
stop_nameserver() {
  [ -n "$NAMESERVER_SERVICE" ] || return 0
  if has_systemd; then
    run systemctl stop "$NAMESERVER_SERVICE" || true
  elif declare -F stop_plainly >/dev/null; then
    run_quietly stop_plainly || true
  else
    run_quietly "/etc/init.d/$NAMESERVER_SERVICE" stop 2>/dev/null || true
  fi
}

# The zones that a nameserver has from its own configuration, one a line; nothing where it has none, or is not installed. zones_of KIND PROGRAM_FOLDER
zones_of() {
  [ ${#NAMESERVER_PACKAGES[@]} -gt 0 ] && has_package "${NAMESERVER_PACKAGES[0]}" || return 0
  ask_program "$2" "$1" <<'END'
import { operatedServers } from './dist/nameservers/nameserver-settings.js';
import { isOfEveryServer } from './dist/cli/adopt/candidate.js';
const server = operatedServers().get(process.argv[2]);
const zones = await server.zonesOf(server.configuration);
// Every nameserver has hints and localhost; a secondary, a forward or a catalog is somebody's.
const own = zones.filter(({ name, leftOut }) => !isOfEveryServer(name) && !/hint/.test(leftOut ?? ''));
console.log(own.map(({ name }) => name).join('\n'));
END
}

# Refuses a nameserver that has zones of its own. refuse_content KIND
refuse_content() {
  local zones count program=$release
  [ "$dry" = no ] || program=$package
  if [ ! -d "$program/node_modules" ]; then
    say "would look: whether the nameserver has zones of its own"
    return
  fi
  zones=$(zones_of "$1" "$program") || fail "The configuration of the nameserver can't be read." "Repair what is said above; then run this again"
  [ -n "$zones" ] || return 0
  count=$(wc -l <<<"$zones")
  # shellcheck disable=SC2001
  fail "The nameserver has $count zones of its own: $(head -3 <<<"$zones" | paste -sd' ')$([ "$count" -le 3 ] || echo ' ...')" \
    "With --adopt they are taken over (their statements leave the configuration, of which a copy is kept; dnscluster zones adopt --help). Nothing was changed."
}
