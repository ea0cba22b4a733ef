import { WrongUse } from '../terminal/failure.js';
import { readGiven, secretIn } from '../service/given-file.js';
import { note } from '../terminal/output.js';
import type { GivenToken } from '../service/target.js';
import { askSecret, isPerson } from '../terminal/terminal.js';

/**
 * The token of the other server: from the command line, a file (`-` is standard input), the environment, or a person. Throws WrongUse where
 * there is none.
 */
export async function givenToken(
  { token, tokenFile }: { token?: string; tokenFile?: string },
  url: string,
): Promise<GivenToken> {
  if (token !== undefined) {
    note(
      'The token stood on the command line, so it is in the history of the shell, and others on this machine may have seen it. --token-file keeps it from them.',
    );
    return { token, where: '--token' };
  }
  if (tokenFile !== undefined) {
    const where = tokenFile === '-' ? 'Standard input' : tokenFile;
    return { token: secretIn(await readGiven(tokenFile), where), where };
  }
  const kept = process.env['DNSCLUSTER_TOKEN']?.trim() ?? '';
  if (kept !== '') return { token: kept, where: 'DNSCLUSTER_TOKEN' };
  if (isPerson()) return { token: await askSecret(`Token that was made on ${url}: `), where: 'What was typed' };
  throw new WrongUse(
    `A token that was made on ${url} is needed: --token-file FILE, or DNSCLUSTER_TOKEN. "dnscluster tokens create" makes one there.`,
  );
}
