# shellcheck shell=bash
# install.sh install

install_server() {
  local first=yes
  [ "$(recorded COMPLETE)" != yes ] || first=no
  ! is_installed || same_as_before
  [ -e "$CONFIGURATION" ] || as_it_was_called
  # What is quickly known comes before what takes minutes.
  [ -n "$join" ] || [ -z "$token$token_file$fingerprint" ] || wrong_use "--token, --token-file and --fingerprint are for --join."
  refuse_used_ports
  [ -z "$join" ] || take_token
  [ -e "$PROGRAMS" ] || undo=$PROGRAMS
  find_node "$node_given" "$(needed_node "$here")"
  [ -z "$join" ] || [ "$dry" = yes ] || look_at_other_side
  find_package
  place_program
  if [ ! -e "$CONFIGURATION" ]; then
    [ "$adopt" = yes ] || refuse_content "$kind"
    [ -z "$join" ] || [ "$dry" = yes ] || ask_other_side --check --name "$name"
  fi
  # shellcheck disable=SC2034 # Read at the end of install.sh.
  undo=
  make_folder "$CONFIGURATION_FOLDER" 755 root:root
  is_installed || begin_record
  install_nameserver
  make_account "$NAMESERVER_GROUP"
  take_data_folder
  write_configuration
  configure_nameserver
  use_release "$release"
  install_service "$package"
  # It reads the lines that were added, and opens the control channel, when it starts.
  [ "$(recorded RESTART)" = no ] || stop_nameserver
  start_nameserver
  record RESTART no
  step "Starting the service"
  service_does start
  until_ready "$wait" || not_ready
  [ "$dry" = no ] || return 0
  [ "$first" = no ] || [ "$adopt" = no ] || adopt_zones
  look_over
  [ -z "$join" ] || join_cluster
  record COMPLETE yes
  say_what_is_next "$first"
}

# What a run that goes on after one that was cut off must know.
begin_record() {
  ! nameserver_runs || record NAMESERVER_RAN yes
  record NAME "$name"
  record ADDRESS "$address"
  record ADOPT "$adopt"
  record NAMESERVER "$kind"
}

# The name and address that a run which was cut off was given, or this machine has.
as_it_was_called() {
  name=${name:-$(recorded NAME)}
  name=${name:-$(full_host_name)}
  address=${address:-$(recorded ADDRESS)}
}

# A second run repairs and completes; it changes nothing that was chosen.
same_as_before() {
  local was
  was=$(recorded NAMESERVER)
  [ "$kind_given" = no ] || [ "$was" = "$kind" ] || fail "This server was installed with the nameserver $was." "install.sh uninstall first; its zones stay"
  kind=$was
  load_nameserver "$kind"
  [ "$first" = no ] || [ "$(recorded ADOPT)" != yes ] || adopt=yes
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
  local port found=() ports=()
  service_runs || ports+=("$(api_port)")
  nameserver_runs || { [ -z "$NAMESERVER_SERVICE" ] && service_runs; } || ports+=("$DNS_PORT")
  for port in "${ports[@]}"; do
    # 0A: it listens.
    ! has_port tcp "$port" 0A || found+=("TCP $port")
    [ "$port" != "$DNS_PORT" ] || ! has_port udp "$port" '' || found+=("UDP $port")
  done
  [ ${#found[@]} -eq 0 ] || fail "Ports that are needed are in use: $(paste -sd, <<<"$(printf '%s\n' "${found[@]}")")" \
    "End what has them (ss -lntup shows it; systemctl disable --now systemd-resolved, where it is that). Nothing was changed."
}

# Does a socket of any program have this port, as the kernel says? has_port PROTOCOL PORT STATE
has_port() {
  { cat "/proc/net/$1" "/proc/net/${1}6" 2>/dev/null || true; } |
    awk -v end="$(printf ':%04X' "$2")" -v state="$3" \
      'substr($2, length($2) - 4) == end && (state == "" || $4 == state) { found = 1 } END { exit !found }'
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
  local given=(--token-file "$work/token")
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
