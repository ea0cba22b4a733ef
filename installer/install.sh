# shellcheck shell=bash
# install.sh install

install_server() {
  local first=yes
  ! is_installed || first=no
  [ "$first" = yes ] || same_as_before
  [ "$first" = no ] || name=${name:-$(full_host_name)}
  [ -n "$join" ] || [ -z "$token$token_file$fingerprint" ] || wrong_use "--token, --token-file and --fingerprint are for --join."
  find_node "$node_given" "$(needed_node "$here")"
  find_package
  [ -e "$PROGRAMS" ] || undo=$PROGRAMS
  place_program
  if [ "$first" = yes ]; then
    [ "$adopt" = yes ] || refuse_content "$kind"
    refuse_used_ports
    [ -z "$join" ] || [ "$dry" = yes ] || ask_other_side --check --name "$name"
  fi
  # shellcheck disable=SC2034 # Read at the end of install.sh.
  undo=
  make_folder "$CONFIGURATION_FOLDER" 755 root:root
  record NAMESERVER "$kind"
  [ "$first" = no ] || ! nameserver_runs || record NAMESERVER_RAN yes
  install_nameserver
  make_account "$NAMESERVER_GROUP"
  take_data_folder
  write_configuration
  configure_nameserver
  use_release "$release"
  install_service "$package"
  # It reads the lines that were added, and opens the control channel, when it starts.
  [ "$first" = no ] || stop_nameserver
  start_nameserver
  step "Starting the service"
  service_does start
  until_ready "$wait" || not_ready
  [ "$dry" = no ] || return 0
  [ "$first" = no ] || [ "$adopt" = no ] || adopt_zones
  look_over
  [ -z "$join" ] || join_cluster
  say_what_is_next "$first"
}

# A second run repairs and completes; it changes nothing that was chosen.
same_as_before() {
  local was
  was=$(recorded NAMESERVER)
  [ "$kind_given" = no ] || [ "$was" = "$kind" ] || fail "This server was installed with the nameserver $was." "install.sh uninstall first; its zones stay"
  kind=$was
  load_nameserver "$kind"
}

full_host_name() {
  local found
  found=$(hostname -f 2>/dev/null || hostname)
  found=${found,,}
  case $found in
    localhost* | '') found= ;;
    *.*) ;;
    *) found= ;;
  esac
  [ -n "$found" ] || fail "The full host name of this server is not known." "Give it, as --name ns1.example.com"
  printf '%s\n' "$found"
}

# Refuses where another program has a port that the service, or a nameserver that does not run yet, needs.
refuse_used_ports() {
  local ports=("$API_PORT")
  nameserver_runs || ports+=("$DNS_PORT")
  "$node" - "${ports[@]}" <<'END' || fail "Ports that are needed are in use (see above)." "End what has them (ss -lntup shows it; systemctl disable --now systemd-resolved, where it is that). Nothing was changed."
const { createServer } = require('node:net');
const { createSocket } = require('node:dgram');
const tcp = (port) => new Promise((done) => {
  const server = createServer();
  server.once('error', (error) => done(`TCP ${port}: ${error.code}`));
  server.listen({ port, host: '0.0.0.0', exclusive: true }, () => server.close(() => done()));
});
const udp = (port) => new Promise((done) => {
  const socket = createSocket('udp4');
  socket.once('error', (error) => done(`UDP ${port}: ${error.code}`));
  socket.bind({ port, address: '0.0.0.0', exclusive: true }, () => socket.close(() => done()));
});
(async () => {
  const ports = process.argv.slice(2).map(Number);
  const found = await Promise.all(ports.flatMap((port) => [tcp(port), ...(port === 53 ? [udp(port)] : [])]));
  for (const one of found.filter(Boolean)) console.error(`in use: ${one}`);
  process.exitCode = found.some(Boolean) ? 1 : 0;
})();
END
}

take_data_folder() {
  make_folder "$DATA" 750 "$ACCOUNT:$NAMESERVER_GROUP"
  [ -d "$DATA/dns-cluster" ] || return 0
  # Of an earlier installation: the numbers of its user and group may have been others.
  run chown -R "$ACCOUNT:$NAMESERVER_GROUP" "$DATA"
}

write_configuration() {
  [ ! -e "$CONFIGURATION" ] || return 0
  {
    printf '{\n  "name": "%s",\n  "port": %s,\n' "$name" "$API_PORT"
    [ -z "$address" ] || printf '  "address": "%s",\n' "$address"
    printf '  "nameserver": %s\n}\n' "$NAMESERVER_SETTINGS"
  } | write_file "$CONFIGURATION" 640 "root:$NAMESERVER_GROUP"
}

not_ready() {
  last_words >&2
  fail "The service did not become ready." "See what it says above, and dnscluster doctor; then run this again, or install.sh uninstall"
}

adopt_zones() {
  [ -n "$NAMESERVER_SERVICE" ] || return 0
  step "Taking the zones of the nameserver over"
  "$COMMAND" zones adopt --from "$kind" --switch --yes ||
    warn "Not all zones were taken over: see above. dnscluster zones adopt --from $kind --switch takes the others later."
}

# As the user of the service: what it may not do, root must not hide.
look_over() {
  step "Looking whether all is well"
  as_service "$COMMAND" doctor ||
    fail "The server is installed, and something is wrong with it (above)." "Put it right, and look again: dnscluster doctor"
}

join_cluster() {
  step "Joining the cluster of $join"
  ask_other_side
}

# Looks at both sides, and joins where nothing is wrong. ask_other_side OPTION...
ask_other_side() {
  local given=()
  if [ -n "$token$token_file" ]; then
    # Read once, shown to nobody.
    [ -e "$work/token" ] || (umask 077 && { [ -z "$token" ] && cat -- "$token_file" || printf '%s\n' "$token"; } >"$work/token")
    given=(--token-file "$work/token")
  fi
  [ -z "$fingerprint" ] || given+=(--fingerprint "$fingerprint")
  [ -z "$address" ] || given+=(--address "$address")
  "$node" "$release/dist/cli/main.js" join "$join" "${given[@]}" "$@" ||
    fail "This server can't join the cluster of $join (see above)." "Put that right, and run this again"
}

say_what_is_next() {
  local own
  own=$(openssl x509 -noout -fingerprint -sha256 -in "$DATA/tls/tls.crt" 2>/dev/null | sed 's/.*=//')
  echo
  say "$(sed -n 's/^ *"name": "\(.*\)",$/\1/p' "$CONFIGURATION") is installed."
  say "  Open in your firewall, where there is one: port 53 (UDP and TCP) to everybody, port $API_PORT (TCP) to the servers of the cluster."
  if [ "$1" = yes ] && [ -z "$join" ]; then
    say "  On the web server: DNS Cluster » Add a server to the cluster. The token is shown once:"
    say "    Host         ${address:-$name}:$API_PORT"
    say "    User         root"
    say "    Token        $("$COMMAND" tokens create web 2>/dev/null)"
    say "    Role         Write-Only"
    say "    Certificate  ${own:-dnscluster doctor names it}"
  fi
  [ "$1" = no ] || say "  To log in to the panel here, make a user: dnscluster users add root --root"
  say "  Look at it: dnscluster status, dnscluster doctor. Later: $CURRENT/install.sh status | upgrade | uninstall"
}
