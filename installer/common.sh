# shellcheck shell=bash
# Where things lie, and how the installer speaks and does things.

# shellcheck disable=SC2034 # They are read by the other files.
{
  ACCOUNT=dns-cluster
  PROGRAMS=/opt/dns-cluster
  CURRENT=$PROGRAMS/current
  NODE_LINK=$PROGRAMS/node
  COMMAND=/usr/local/bin/dnscluster
  MANUAL=/usr/local/share/man/man1/dnscluster.1
  COMPLETION=/usr/local/share/bash-completion/completions/dnscluster
  CONFIGURATION_FOLDER=/etc/dns-cluster
  CONFIGURATION=$CONFIGURATION_FOLDER/node.json
  RECORD=$CONFIGURATION_FOLDER/installed
  KEPT=$CONFIGURATION_FOLDER/before
  DATA=/var/lib/dns-cluster
  DEFAULT_NAMESERVER=embedded
  API_PORT=2087
  DNS_PORT=53
}

dry=no

say() { printf '%s\n' "$*"; }
step() { printf '==> %s\n' "$*"; }
warn() { printf 'install.sh: %s\n' "$*" >&2; }

# fail SENTENCE [WHAT TO DO]
fail() {
  warn "$1"
  [ $# -lt 2 ] || printf '  → %s\n' "$2" >&2
  exit 1
}

wrong_use() {
  warn "$1"
  printf '  → install.sh --help\n' >&2
  exit 2
}

# Runs a command, or says with --dry-run that it would. What stays running does not keep our lock.
run() {
  if [ "$dry" = yes ]; then
    printf 'would run: %s\n' "$*"
  else
    "$@" 9>&-
  fi
}

# The same; what it says is shown where it fails. run_quietly COMMAND...
run_quietly() {
  [ "$dry" = no ] || { run "$@" && return; }
  run "$@" >"$work/said" 2>&1 </dev/null || {
    cat "$work/said" >&2
    return 1
  }
}

# Standard input becomes the file. write_file PATH MODE OWNER:GROUP
write_file() {
  if [ "$dry" = yes ]; then
    cat >/dev/null
    say "would write: $1 (mode $2, $3)"
    return
  fi
  local made
  made=$(mktemp "$1.XXXXXX")
  cat >"$made"
  chown "$3" "$made"
  chmod "$2" "$made"
  mv -f "$made" "$1"
}

# make_folder PATH MODE OWNER:GROUP
make_folder() {
  [ "$(stat -c '%a %U:%G' "$1" 2>/dev/null)" = "$(printf '%o' "0$2") $3" ] || run install -d -m "$2" -o "${3%:*}" -g "${3#*:}" "$1"
}

# What was installed, as NAME=value lines. recorded NAME
recorded() {
  sed -n "s/^$1=//p" "$RECORD" 2>/dev/null || true
}

record() {
  [ "$dry" = no ] && [ "$(recorded "$1")" != "$2" ] || return 0
  {
    grep -v "^$1=" "$RECORD" 2>/dev/null || true
    printf '%s=%s\n' "$1" "$2"
  } | write_file "$RECORD" 600 root:root
}

# At least begun.
is_installed() { [ -n "$(recorded NAMESERVER)" ]; }

has_package() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# As the service would, with no right of root's. as_service COMMAND...
as_service() {
  setpriv --reuid "$ACCOUNT" --regid "$(id -g "$ACCOUNT")" --init-groups --no-new-privs --inh-caps -all --bounding-set -all "$@"
}

# A module of the program is asked, as JavaScript on standard input. ask_program FOLDER ARGUMENT...
ask_program() {
  local folder=$1
  shift
  (cd "$folder" && "$node" --input-type=module - "$@")
}
