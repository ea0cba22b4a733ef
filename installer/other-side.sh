# shellcheck shell=bash
# The web server that is to be joined, before anything is fetched or copied.

# Reads the token once, from wherever it is given; shown to nobody.
take_token() {
  local where=${token_file:-DNSCLUSTER_TOKEN}
  [ -z "$token" ] || where=--token
  token=${token:-${DNSCLUSTER_TOKEN:-}}
  if [ "$token_file" = - ]; then
    where='standard input'
    read -r token || true
  elif [ -n "$token_file" ]; then
    if [ ! -r "$token_file" ] || [ -d "$token_file" ]; then wrong_use "There is no token file $token_file."; fi
    read -r token <"$token_file" || true
  elif [ -z "$token" ] && [ -t 0 ]; then
    where='the terminal'
    read -rsp "Token created on $join: " token && echo
  fi
  token=${token%$'\r'}
  [[ $token =~ ^[!-~]+$ ]] || wrong_use "A token of $join is needed, and $where holds none in its first line. Give it with --token-file FILE."
  (umask 077 && printf '%s\n' "$token" >"$work/token")
}

# Is it there, does it show the certificate that was named, does it take the token? With nothing but Node.js. Without a fingerprint, a
# person is asked later, and the token is not sent before.
look_at_other_side() {
  [ -n "$node" ] || return 0
  "$node" --input-type=module - "$join" "${fingerprint:-${DNSCLUSTER_FINGERPRINT:-}}" "$work/token" <<'END' || fail "This server can't join the cluster of $join (see above)." "Put that right, and run this again. Nothing was changed."
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { connect } from 'node:tls';

const [given, fingerprint, tokenFile] = process.argv.slice(2);
const refuse = (sentence) => {
  console.error(sentence);
  process.exit(1);
};
if (!URL.canParse(given) || !/^https:\/\/[^/@]+\/?$/.test(given)) refuse(`"${given}" is not the address of a service, such as https://web.example.com:2087.`);
const wanted = fingerprint.trim().toUpperCase();
if (wanted !== '' && !/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/.test(wanted)) refuse(`"${fingerprint}" is not a fingerprint: 32 pairs of hex digits with colons (SHA-256).`);
const url = new URL(given);
const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
const port = Number(url.port || (/:443\/?$/.test(given) ? 443 : 2087));
setTimeout(() => refuse(`${host}, port ${port}, does not answer.`), 15_000).unref();
const away = ({ message }) => refuse(`${host}, port ${port}, can't be reached: ${message}`);
// Nodes sign their certificates themselves: the fingerprint says more than an authority could.
const socket = connect({ host, port, rejectUnauthorized: false }, () => {
  const shown = socket.getPeerCertificate().fingerprint256;
  if (wanted === '') process.exit(0);
  if (shown !== wanted) refuse(`${host} shows another certificate than --fingerprint names: ${shown}. Nothing was sent to it.`);
  const authorization = `Bearer ${readFileSync(tokenFile, 'utf8').trim()}`;
  const asked = { path: '/json-api/myprivs?api.version=1', method: 'POST', headers: { authorization, 'content-length': 0 }, createConnection: () => socket };
  request(asked, ({ statusCode }) => {
    if (statusCode === 401 || statusCode === 403) refuse(`${host} does not take the token.`);
    process.exit(0);
  }).on('error', away).end();
}).on('error', away);
END
}
