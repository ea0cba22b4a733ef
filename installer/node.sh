# shellcheck shell=bash
# Node.js: given by --node, found, from apt, or from the npm registry.

FETCHED=$PROGRAMS/nodejs
REGISTRY=${NPM_CONFIG_REGISTRY:-https://registry.npmjs.org}
# What is fetched, and its integrity as the registry gives it: nothing else is taken for it, wherever it comes from.
NODE_VERSION=24.22.3
declare -A NODE_INTEGRITY=(
  [x64]=KHsob+Fv9YerATvYujMbiyJqnRCvLtrcr/eTNqRqiOSGp97EOiRP1yP47+knGgQ/xnc3XY8xzkW587dlZzNqRA==
  [arm64]=IZx0J52/1NDwAsY2iyWR9nlPIYuYviTWetjj8+ElvYQh2+XRhLfCfkbFEF/2O5vGI2hcUbyPNHV+nz342FbJXw==
)
NPM_VERSION=11.21.2
NPM_INTEGRITY=7HPApk+AflMUavSseL1Pm6CnYqMIHk53x+KmuhqmTDqPkjPMgxIpTPcTqsE91EKNw4gFBJV9fnXiSdGm1DXq9A==

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
    for node in "$(readlink -f "$NODE_LINK" 2>/dev/null)" "$FETCHED/node-$NODE_VERSION/bin/node" "$(command -v node)" "$(command -v nodejs)"; do
      [ -x "$node" ] && at_least "$(node_version "$node")" "$oldest" && break
      node=
    done
    # An older one of ours makes room for the one that this version was tested with.
    [[ $node != "$FETCHED"/* || $node = "$FETCHED/node-$NODE_VERSION"/* ]] || node=
    [ -n "$node" ] || node_from_apt "$oldest"
    [ -n "$node" ] || node_from_registry
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

# Sets `node` where apt has one that fits.
node_from_apt() {
  local oldest=$1 offered
  step "Looking for a Node.js"
  run apt-get update -q
  offered=$(apt-cache policy nodejs 2>/dev/null | sed -n 's/^ *Candidate: *\(.*:\)\{0,1\}\([0-9][0-9.]*\).*/\2/p')
  [ -n "$offered" ] && at_least "$offered" "$oldest" || return 0
  run apt-get install -y -q --no-install-recommends nodejs || return 0
  node=$(command -v node || true)
  [ -z "$node" ] || at_least "$(node_version "$node")" "$oldest" || node=
}

# Sets `node` to the one of the npm registry, which is fetched where it is not there.
node_from_registry() {
  local kind='' place=$FETCHED/node-$NODE_VERSION
  case $(dpkg --print-architecture) in
    amd64) kind=x64 ;;
    arm64) kind=arm64 ;;
    *) fail "There is no Node.js for this kind of machine, neither from apt nor from the npm registry." "Build or unpack one, then run this again with --node PROGRAM" ;;
  esac
  fetch_package "node-linux-$kind" "$NODE_VERSION" "${NODE_INTEGRITY[$kind]}" "$place" package/bin/node package/LICENSE
  [ "$dry" = yes ] || node=$place/bin/node
}

# A package of the npm registry, or files of it, in a folder; whole or not at all. fetch_package NAME VERSION INTEGRITY FOLDER [FILE...]
fetch_package() {
  local name=$1 version=$2 hash place=$4 url=$REGISTRY/$1/-/$1-$2.tgz
  hash=$(base64 -d <<<"$3" | od -An -v -tx1 | tr -d ' \n')
  shift 4
  [ ! -d "$place" ] || return 0
  step "Fetching $url"
  if [ "$dry" = yes ]; then
    say "would fetch: $name $version to $place"
    return
  fi
  # The hash tells whether it is the right one, so it is of no matter whether this machine has certificates of authorities.
  run_quietly /usr/lib/apt/apt-helper -o APT::Sandbox::User=root -o Acquire::https::Verify-Peer=false \
    -o Acquire::https::Verify-Host=false download-file "$url" "$work/$name.tgz" "SHA512:$hash" ||
    fail "$name $version could not be fetched, or is not what it should be (see above)." \
      "Let this machine reach $REGISTRY (or another registry, as NPM_CONFIG_REGISTRY); or bring a Node.js with npm and name it with --node"
  rm -rf "$place.new"
  install -d -m 755 "$place.new"
  tar -xzf "$work/$name.tgz" -C "$place.new" --strip-components=1 --no-same-owner "$@"
  rm -f "$work/$name.tgz"
  chmod -R u=rwX,go=rX "$place.new"
  mv -T "$place.new" "$place"
}

# Those of ours that nothing runs with any more.
drop_old_nodes() {
  local folder
  for folder in "$FETCHED"/node-*/; do
    [ ! -d "$folder" ] || [[ $(readlink -f "$NODE_LINK") = "$folder"* ]] || run rm -rf "$folder"
  done
}
