# shellcheck shell=bash
# The service under systemd, or where that does not run, by an init script.

UNIT=/etc/systemd/system/dns-cluster.service
INIT_SCRIPT=/etc/init.d/dns-cluster
INIT_OUTPUT=/var/log/dns-cluster.log

# install_service RELEASE
install_service() {
  local template=$1/templates
  if has_systemd; then
    for_nameserver "$template/systemd/dns-cluster.service" | cmp -s - "$UNIT" ||
      for_nameserver "$template/systemd/dns-cluster.service" | write_file "$UNIT" 644 root:root
    run systemctl daemon-reload
    run systemctl enable --quiet dns-cluster
  else
    for_nameserver "$template/sysvinit/dns-cluster" | cmp -s - "$INIT_SCRIPT" ||
      for_nameserver "$template/sysvinit/dns-cluster" | write_file "$INIT_SCRIPT" 755 root:root
    ! command -v update-rc.d >/dev/null || run_quietly update-rc.d dns-cluster defaults
  fi
}

# The template with what differs between nameservers: which to start after, and where its file is. for_nameserver TEMPLATE
for_nameserver() {
  local service=$NAMESERVER_SERVICE facilities
  facilities=$(sed -n 's/^# Provides:[[:space:]]*//p' "/etc/init.d/$service" 2>/dev/null || true)
  sed -e "s|{{unit}}|${service:+ $service.service}|" -e "s|{{facilities}}|${facilities:+$facilities }|" \
    -e "s|{{includes}}|${INCLUDES:+ -$INCLUDES/zones}|" "$1"
}

remove_service() {
  service_does stop
  if [ -e "$UNIT" ]; then
    run systemctl disable --quiet dns-cluster || true
    run rm -f "$UNIT"
    ! has_systemd || run systemctl daemon-reload
  fi
  if [ -e "$INIT_SCRIPT" ]; then
    run rm -f "$INIT_SCRIPT" "$INIT_OUTPUT"
    ! command -v update-rc.d >/dev/null || run_quietly update-rc.d dns-cluster remove
  fi
}

# service_does start|stop|restart
service_does() {
  if has_systemd; then
    # A version that failed often is not held against the one that comes now.
    [ "$1" = stop ] || systemctl reset-failed dns-cluster 2>/dev/null || true
    # With Type=notify a start resolves when the service is ready: whether it is, is_ready asks.
    run systemctl --no-block "$1" dns-cluster || true
    [ "$1" != stop ] || run systemctl stop dns-cluster || true
  elif [ -x "$INIT_SCRIPT" ] || [ "$dry" = yes ]; then
    run "$INIT_SCRIPT" "$1"
  fi
}

service_runs() {
  if has_systemd; then
    case $(systemctl is-active dns-cluster) in
      active | activating | reloading) return 0 ;;
      *) return 1 ;;
    esac
  fi
  [ -x "$INIT_SCRIPT" ] && "$INIT_SCRIPT" status >/dev/null
}

api_port() {
  local port
  port=$(sed -n 's/^ *"port": *\([0-9]*\),\{0,1\}$/\1/p' "$CONFIGURATION" 2>/dev/null | head -1 || true)
  printf '%s\n' "${port:-$API_PORT}"
}

# Does the service say that it is ready?
is_ready() {
  "$NODE_LINK" -e '
    const request = require("node:https").get(
      { host: "127.0.0.1", port: process.argv[1], path: "/readyz", rejectUnauthorized: false, timeout: 5000 },
      (answer) => process.exit(answer.statusCode === 200 ? 0 : 1));
    request.on("error", () => process.exit(1)).on("timeout", () => process.exit(1));' "$(api_port)"
}

# How often it failed since it was started.
failures() {
  if has_systemd; then
    systemctl show --property NRestarts --value dns-cluster
  else
    cat /run/dns-cluster.failures 2>/dev/null || echo 0
  fi
}

# Waits until it is ready, at most so many seconds; no longer where it fails again and again. until_ready SECONDS
until_ready() {
  local end=$((SECONDS + $1))
  [ "$dry" = no ] || return 0
  until is_ready; do
    [ "$SECONDS" -lt "$end" ] && [ "$(failures)" -lt 3 ] && service_runs || return 1
    sleep 0.3
  done
}

# What the service said last.
last_words() {
  if has_systemd; then
    journalctl --unit dns-cluster --lines 15 --no-pager --output cat 2>/dev/null || true
  else
    tail -n 15 "$INIT_OUTPUT" 2>/dev/null || true
  fi
}
