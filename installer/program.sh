# shellcheck shell=bash
# The program with its production dependencies, in a folder of its own for each version: /opt/dns-cluster/VERSION-HASH.

# The version in a package.json. package_version FOLDER
package_version() { sed -n 's/^  "version": "\(.*\)",$/\1/p' "$1/package.json"; }

# A package has no sources. is_clone
is_clone() { [ -e "$here/tsconfig.json" ]; }

# Sets `package` to the folder of the package: this one, or what a clone of the repository is packed to.
find_package() {
  package=$here
  is_clone || return 0
  if [ "$dry" = yes ]; then
    say "would build: the program from its sources in $here"
    return
  fi
  step "Building the program from its sources"
  find_npm
  (
    cd "$here" &&
      { [ -e node_modules/.bin/tsc ] || "${npm[@]}" ci --ignore-scripts --no-audit --no-fund; } &&
      "${npm[@]}" pack --silent --pack-destination "$work" >/dev/null
  ) || fail "The program could not be built." "See what is said above; then run this again"
  tar -xzf "$work"/dns-cluster-*.tgz -C "$work"
  package=$work/package
}

# Sets `npm`, which comes with Node.js, is there, or is fetched.
find_npm() {
  local beside
  beside=$(dirname "$node")/../lib/node_modules/npm/bin/npm-cli.js
  # Scripts of npm find this Node.js first.
  PATH=$(dirname "$node"):$PATH
  if [ -e "$beside" ]; then
    npm=("$node" "$beside")
  elif command -v npm >/dev/null; then
    npm=(npm)
  else
    fetch_package npm "$NPM_VERSION" "$NPM_INTEGRITY" "$FETCHED/npm-$NPM_VERSION"
    npm=("$node" "$FETCHED/npm-$NPM_VERSION/bin/npm-cli.js")
  fi
}

# The files of a package: what its package.json names and npm packs, but for the token. Whatever else lies in its folder is somebody's.
# package_files FOLDER, each ended by NUL
package_files() {
  local entry named=(-path ./package.json -o -path './README*' -o -path './LICENSE*') others=()
  while read -r entry; do
    case $entry in
      !*) others+=(! -path "./${entry#!}") ;;
      *) named+=(-o -path "./$entry" -o -path "./$entry/*") ;;
    esac
  done < <(sed -n '/^  "files": \[/,/^  \]/s/^ *"\(.*\)",\{0,1\}$/\1/p' "$1/package.json")
  [ ! -f "$token_file" ] || others+=(! -samefile "$(realpath "$token_file")")
  (cd "$1" && find . -path ./node_modules -prune -o -type f \( "${named[@]}" \) "${others[@]}" -print0 | LC_ALL=C sort -z)
}

# Where this package is to lie: the same content always in the same place. release_of FOLDER
release_of() {
  local hash
  hash=$(package_files "$1" | (cd "$1" && xargs -0 sha256sum) | sha256sum)
  printf '%s/%s-%s\n' "$PROGRAMS" "$(package_version "$1")" "${hash:0:8}"
}

# Puts the package and its dependencies in their place, and sets `release` to it. Nothing that runs is touched.
place_program() {
  [ "$dry" = no ] || { ! is_clone || return 0; }
  release=$(release_of "$package")
  if [ -e "$release/package.json" ]; then
    say "The program is in its place: $release"
    return
  fi
  step "Installing the program to $release"
  if [ "$dry" = yes ]; then
    say "would copy: $package, with its production dependencies, to $release"
    return
  fi
  local made=$release.new
  rm -rf "$made"
  install -d -m 755 "$PROGRAMS" "$made"
  package_files "$package" | (cd "$package" && xargs -0 cp --parents -t "$made")
  if [ -d "$package/node_modules" ]; then
    cp -R "$package/node_modules" "$made"
  else
    find_npm
    cp "$made/dependencies-lock.json" "$made/package-lock.json"
    # Exactly the versions that were tested, compared with their hashes; none of their scripts is run.
    (cd "$made" && "${npm[@]}" ci --omit=dev --ignore-scripts --no-audit --no-fund) ||
      fail "The program's dependencies could not be fetched." "See what npm says above; then run this again"
  fi
  chown -R root:root "$made"
  chmod -R u=rwX,go=rX "$made"
  "$node" "$made/dist/cli/main.js" --version >/dev/null || fail "The program in $made does not run with $node."
  mv -T "$made" "$release"
}

# From now on this program is the one that is started. use_release FOLDER
use_release() {
  run ln -sfnT "$node" "$NODE_LINK"
  if [ "$(readlink "$CURRENT" 2>/dev/null)" != "$1" ]; then
    run ln -sfnT "$1" "$CURRENT.new"
    run mv -fT "$CURRENT.new" "$CURRENT"
  fi
  [ -e "$COMMAND" ] || printf '#!/bin/sh\nexec %s %s/dist/cli/main.js "$@"\n' "$NODE_LINK" "$CURRENT" | write_file "$COMMAND" 755 root:root
  write_own "$MANUAL" man
  write_own "$COMPLETION" completion bash
}

# What the program that is started says of its commands. write_own FILE COMMAND...
write_own() {
  local file=$1 said
  shift
  if [ "$dry" = yes ]; then
    say "would write: $file (mode 644, root:root)"
  elif said=$("$NODE_LINK" "$CURRENT/dist/cli/main.js" "$@" 2>/dev/null); then
    [ -d "${file%/*}" ] || install -d -m 755 "${file%/*}"
    printf '%s\n' "$said" | write_file "$file" 644 root:root
  else
    # A version that is gone back to may not know how; what another one said would be wrong.
    rm -f "$file"
  fi
}

# Of other versions the one before is kept. drop_old_releases BEFORE
drop_old_releases() {
  local folder
  for folder in "$PROGRAMS"/*/; do
    folder=${folder%/}
    case $folder in
      "$CURRENT" | "$FETCHED" | "$1" | "$(readlink "$CURRENT")") ;;
      *) run rm -rf "$folder" ;;
    esac
  done
  drop_old_nodes
}
