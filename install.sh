#!/usr/bin/env bash
# Installs, upgrades and removes a server of a DNS cluster: this program with the bare-bones panel, and a nameserver.
set -euo pipefail

usage() {
  cat <<END
Usage: ./install.sh COMMAND [OPTION...]

Commands:
  install     install this server (DNSONLY: the panel and a nameserver); run again, it repairs and completes
  upgrade     change to the version that this file came with; back to the one before where it does not become ready
  uninstall   remove everything again; zones stay
  status      what is installed, and how it does

Options of install:
  --nameserver KIND    $(nameserver_kinds): the default is $DEFAULT_NAMESERVER, the others come from apt
  --name NAME          full host name of this server in the cluster (that of the machine)
  --address ADDRESS    address or name by which other servers reach it (the one that a connection has)
  --node PROGRAM       Node.js 20.19 or later, where it is not on the PATH; where there is none, it comes from apt, or from the npm registry
  --adopt              take over the zones that the nameserver has of its own; without it, such a server is refused
  --join URL           make it a nameserver of the cluster of this web server, as https://web.example.com:2087
  --token-file FILE    a token of that web server for --join; - is standard input. --token TOKEN shows it to everybody on the machine
  --fingerprint SHA256 of that web server's certificate, as it prints it; without it, a person is shown it and asked

Options of upgrade:
  --node PROGRAM       another Node.js from now on

Options of uninstall:
  --purge              remove zones, members, keys and settings, too

  --wait SECONDS       how long the service may take until it is ready (300)
  --dry-run            say what would be done, and do nothing
  -h, --help           this text

To be run as root, on Debian 12 or later, from the unpacked package or a clone of the repository. Where systemd does not run, the service
gets an init script. No firewall is changed: port 53 (UDP and TCP) must be open to everybody, 2087 (TCP) to the servers of the cluster.

Exit code: 0 done, 1 not done or something is wrong (it is said what to do), 2 wrong use.
END
}

here=$(dirname "$(readlink -f "$0")")
node='' release='' package=''
# shellcheck source=installer/common.sh
. "$here/installer/common.sh"
# shellcheck source=installer/edited-files.sh
. "$here/installer/edited-files.sh"
# shellcheck source=installer/node.sh
. "$here/installer/node.sh"
# shellcheck source=installer/program.sh
. "$here/installer/program.sh"
# shellcheck source=installer/account.sh
. "$here/installer/account.sh"
# shellcheck source=installer/nameserver.sh
. "$here/installer/nameserver.sh"
# shellcheck source=installer/service.sh
. "$here/installer/service.sh"
# shellcheck source=installer/other-side.sh
. "$here/installer/other-side.sh"
# shellcheck source=installer/install.sh
. "$here/installer/install.sh"
# shellcheck source=installer/upgrade.sh
. "$here/installer/upgrade.sh"
# shellcheck source=installer/uninstall.sh
. "$here/installer/uninstall.sh"
# shellcheck source=installer/status.sh
. "$here/installer/status.sh"

command='' kind=$DEFAULT_NAMESERVER kind_given=no name='' address='' node_given='' adopt=no join='' token='' token_file='' fingerprint='' purge=no wait=300
while [ $# -gt 0 ]; do
  case $1 in
    --nameserver | --name | --address | --node | --join | --token | --token-file | --fingerprint | --wait)
      [ $# -ge 2 ] || wrong_use "$1 wants a value."
      ;;
  esac
  case $1 in
    install | upgrade | uninstall | status)
      [ -z "$command" ] || wrong_use "One command at a time: $command, or $1."
      command=$1
      ;;
    --nameserver) kind=$2 kind_given=yes && shift ;;
    --name) name=${2,,} && shift ;;
    --address) address=$2 && shift ;;
    --node) node_given=$2 && shift ;;
    --join) join=$2 && shift ;;
    --token) token=$2 && shift ;;
    --token-file) token_file=$2 && shift ;;
    --fingerprint) fingerprint=$2 && shift ;;
    --wait) wait=$2 && shift ;;
    --adopt) adopt=yes ;;
    --purge) purge=yes ;;
    --dry-run) dry=yes ;;
    -h | --help) usage && exit 0 ;;
    *) wrong_use "There is no \"$1\" here." ;;
  esac
  shift
done
[ -n "$command" ] || wrong_use "Say what to do: install, upgrade, uninstall or status."
load_nameserver "$kind"
[[ -z $name || $name =~ ^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$ ]] || wrong_use "\"$name\" is no full host name, such as ns1.example.com."
[[ $wait =~ ^[0-9]{1,5}$ ]] || wrong_use "\"$wait\" is no number of seconds."
[[ $address =~ ^[A-Za-z0-9.:-]*$ ]] || wrong_use "\"$address\" is no address."

[ "$(id -u)" -eq 0 ] || fail "Only root can do this." "sudo $0 $command ..."
command -v dpkg-query >/dev/null || fail "This is not Debian, or nothing like it." "docs/install.md says how to install it by hand"

work=$(mktemp -d)
# What an installation that is refused takes with it.
undo=''
trap 'rm -rf "$work" ${undo:+"$undo"}' EXIT
exec 9>/run/dns-cluster-install.lock
flock -n 9 || fail "Another install.sh is at work." "Wait until it has ended"

case $command in
  install) install_server ;;
  upgrade) upgrade_server ;;
  uninstall) uninstall_server ;;
  status) show_status ;;
esac
