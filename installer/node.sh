# shellcheck shell=bash
# Node.js: given by --node, found, or from apt.

# The version that a package needs. needed_node PACKAGE_FOLDER
needed_node() {
  sed -n 's/.*"node": *">=\([0-9.]*\)".*/\1/p' "$1/package.json" | head -1
}

# Is one version at least another? at_least VERSION OLDEST
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -1)" = "$2" ]; }

# node_version PROGRAM
node_version() { "$1" --version 2>/dev/null | sed -n 's/^v\([0-9.]*\).*/\1/p'; }

# Sets `node` to the program. find_node GIVEN OLDEST
find_node() {
  local given=$1 oldest=$2 version
  if [ -n "$given" ]; then
    [ -x "$given" ] || fail "There is no program $given." "Name the program itself, as --node /opt/node/bin/node"
    version=$(node_version "$given")
    at_least "${version:-0}" "$oldest" || fail "$given is Node.js ${version:-of an unknown version}, and $oldest or later is needed."
    node=$(readlink -f "$given")
  else
    for node in "$(readlink -f "$NODE_LINK" 2>/dev/null)" "$(command -v node)" "$(command -v nodejs)"; do
      [ -x "$node" ] && at_least "$(node_version "$node")" "$oldest" && break
      node=
    done
    [ -n "$node" ] || node_from_apt "$oldest"
    [ "$dry" = no ] || [ -n "$node" ] || return 0
    node=$(readlink -f "$node")
  fi
  case $node in
    /root/* | /home/* | /tmp/* | /var/tmp/*)
      fail "Node.js at $node can't be used: the service sees no home and no temporary folder." \
        "Put it elsewhere, as under /opt/node, and name it with --node"
      ;;
  esac
}

node_from_apt() {
  local oldest=$1 offered
  run apt-get update -q
  offered=$(apt-cache policy nodejs 2>/dev/null | sed -n 's/^ *Candidate: *\(.*:\)\{0,1\}\([0-9][0-9.]*\).*/\2/p')
  if [ -n "$offered" ] && at_least "$offered" "$oldest"; then
    run apt-get install -y -q --no-install-recommends nodejs
    node=$(command -v node || true)
    return
  fi
  fail "Node.js $oldest or later is needed. apt has ${offered:-none}." "Take a later one, then run this again:
      1. On https://nodejs.org/en/download, take the archive for Linux (node-v22.x.y-linux-x64.tar.gz, or arm64), and compare its SHA-256.
      2. mkdir /opt/node && tar -xzf node-v22.x.y-linux-x64.tar.gz -C /opt/node --strip-components=1
      3. $0 install --node /opt/node/bin/node ...
    Or add a source of packages that has it to apt."
}
