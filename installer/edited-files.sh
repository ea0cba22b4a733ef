# shellcheck shell=bash
# Files of others that get lines of ours, and are given back as they were.

MARK='dns-cluster put this here; install.sh uninstall takes it out'
EDITED=$KEPT/edited

# The file becomes what comes on standard input; what it was is kept. Owner, mode and place stay. edit FILE
edit() {
  local file=$1 made
  if [ "$dry" = yes ]; then
    cat >/dev/null
    say "would edit: $file"
    return
  fi
  keep "$file"
  made=$(mktemp "$file.XXXXXX")
  cat >"$made"
  chown --reference="$file" "$made"
  chmod --reference="$file" "$made"
  # Noted first: what is cut off between the two is put back, too.
  {
    grep -v "  $file\$" "$EDITED" 2>/dev/null || true
    printf '%s  %s\n' "$(sha256sum <"$made" | cut -d' ' -f1)" "$file"
  } >"$EDITED.new"
  mv -f "$EDITED.new" "$EDITED"
  # Until the nameserver was started with it, whichever run does that.
  record RESTART due
  mv -f "$made" "$file"
}

# Keeps a copy of a file as it was before us, whole or not at all, wherever we are started from. keep FILE
keep() {
  [ ! -e "$KEPT$1" ] || return 0
  install -d -m 700 "$KEPT" "$KEPT${1%/*}"
  cp -a "$1" "$KEPT$1.new"
  mv -f "$KEPT$1.new" "$KEPT$1"
}

# Does a file have lines of ours? has_mark FILE
has_mark() { grep -qF "$MARK" "$1" 2>/dev/null; }

# Puts a line behind the last one. append_line FILE LINE
append_line() {
  has_mark "$1" && return
  {
    cat "$1"
    # A last line without its end stays a line of its own.
    [ -z "$(tail -c 1 "$1")" ] || echo
    printf '%s\n' "$2"
  } | edit "$1"
}

# Gives every edited file back: as a whole where nobody changed it since, else without our lines.
put_back_all() {
  local sum file
  [ -e "$EDITED" ] || return 0
  while read -r sum file; do
    if [ ! -e "$file" ]; then
      warn "$file was deleted since it was edited; it is left so"
    elif [ "$(sha256sum <"$file")" = "$sum  -" ]; then
      run cp -a "$KEPT$file" "$file"
    else
      say "$file was changed since it was edited: only the lines of dns-cluster are taken out"
      [ "$dry" = yes ] || without_our_lines "$file"
    fi
  done <"$EDITED"
}

without_our_lines() {
  local made
  made=$(mktemp "$1.XXXXXX")
  grep -vF "$MARK" "$1" >"$made" || true
  chown --reference="$1" "$made"
  chmod --reference="$1" "$made"
  mv -f "$made" "$1"
}
