# shellcheck shell=bash disable=SC2034
# The service answers questions itself: nothing to install.

NAMESERVER_PACKAGES=()
NAMESERVER_SERVICE=
NAMESERVER_PROGRAM=
NAMESERVER_GROUP=$ACCOUNT
NAMESERVER_CONFIGURATION=
INCLUDES=
NAMESERVER_SETTINGS='{ "kind": "embedded", "host": "0.0.0.0", "port": 53 }'

configure_nameserver() { :; }
forget_zones() { :; }
