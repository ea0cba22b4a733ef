import type { DemoLine } from './demo.js';

/** What a newcomer reads when all is ready: where to log in, and what to try. */
export function welcome({ nodes, login }: DemoLine, nameserver: string): string {
  const web = nodes.find((node) => node.kind === 'panel');
  const servers = nodes.filter((node) => node.kind === 'dnsonly');
  const digs = servers.map((node) => {
    const [host = '', port = ''] = node.dns.split(':');
    return `  dig @${host} -p ${port} www.example.com A +short    # ${node.name}`;
  });
  return `
The cluster is ready (${nameserver} nameservers).

Log in to the web server's panel: ${web?.url ?? ''}  (its certificate is its own: accept it)
  user ${login.user}, password ${login.password}
Then: Clusters » DNS Cluster » Zones » example.com, change a record, save. Both nameservers answer it:
${digs.join('\n')}

Take a nameserver down and watch it catch up: type "stop ns2", change a zone, type "start ns2".
Commands: stop NAME, start NAME, status, quit (or Ctrl-C).
`;
}
