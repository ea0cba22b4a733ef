import { mkdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { ifMissing, sentenceOf } from '../../errors.js';
import { replaceFile } from '../../state/durable-file.js';
import { CommandFailure, EXIT, WrongUse } from '../terminal/failure.js';
import { certificateOf } from './service-connection.js';
import { nameOf, type RemoteTarget } from './target.js';
import { askYesOrNo, isPerson } from '../terminal/terminal.js';

/**
 * The fingerprint of the certificate that a service elsewhere must show: the given one, or the one that this user
 * accepted before; else a person is shown the present one and asked. Rejects if nobody accepts it, before a token is
 * sent.
 */
export async function acceptedCertificate(target: RemoteTarget): Promise<string> {
  const { host, port, fingerprint } = target;
  if (fingerprint !== undefined) return fingerprint;
  const known = await knownServers();
  const server = `${host}:${port}`;
  const accepted = known.get(server);
  if (accepted !== undefined) return accepted;
  const shown = await certificateOf(host, port);
  const told = `${nameOf(target)} shows a certificate that you have not accepted yet:\n${shown}\n`;
  const isAccepted = isPerson() && (await askYesOrNo(`${told}Is this the fingerprint that the server itself prints?`));
  if (!isAccepted) {
    const sentence = `${told}Nothing was sent to it. Pass the fingerprint that the server itself prints with --fingerprint or DNSCLUSTER_FINGERPRINT.`;
    throw new CommandFailure(sentence, EXIT.usage, { code: 'certificate_unknown' });
  }
  await keep(known.set(server, shown));
  return shown;
}

/** `HOST:PORT FINGERPRINT` a line. */
function fileOfKnownServers(): string {
  return join(process.env['XDG_CONFIG_HOME'] ?? join(homedir(), '.config'), 'dnscluster', 'known-servers');
}

async function knownServers(): Promise<Map<string, string>> {
  const file = fileOfKnownServers();
  const text = await readFile(file, 'utf8')
    .catch(ifMissing(''))
    .catch((error: unknown) => {
      // Taken for empty, it would be written anew with one server in it.
      const sentence = `The certificates that you accepted can't be read (${sentenceOf(error)}), so nothing was sent. Repair ${file}, or give --fingerprint.`;
      throw new WrongUse(sentence, error);
    });
  return new Map(
    text.split('\n').flatMap((line) => {
      const [server, fingerprint] = line.split(' ');
      return server === undefined || fingerprint === undefined ? [] : [[server, fingerprint] as const];
    }),
  );
}

async function keep(known: ReadonlyMap<string, string>): Promise<void> {
  const file = fileOfKnownServers();
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const lines = [...known].map(([server, fingerprint]) => `${server} ${fingerprint}\n`);
  await replaceFile(file, lines.join(''), 0o600);
}
