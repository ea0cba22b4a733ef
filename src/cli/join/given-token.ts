import { WrongUse } from '../terminal/failure.js';
import { readGiven, secretIn } from '../service/given-file.js';
import { printMessage } from '../terminal/output.js';
import type { GivenToken, ServiceOptions } from '../service/target.js';
import { askSecret, isPerson } from '../terminal/terminal.js';

/**
 * The token of the other server: from the command line, a file (`-` is standard input), the environment, or a person.
 * Throws WrongUse if there is none.
 */
export async function givenToken(
  { token, tokenFile }: Pick<ServiceOptions, 'token' | 'tokenFile'>,
  url: string,
): Promise<GivenToken> {
  if (token !== undefined) {
    printMessage(
      "The token was on the command line, so it is in the shell's history, and others on this machine may have seen it. Use --token-file instead.",
    );
    return { token, where: '--token' };
  }
  if (tokenFile !== undefined) {
    const where = tokenFile === '-' ? 'Standard input' : tokenFile;
    return { token: secretIn(await readGiven(tokenFile), where), where };
  }
  const kept = process.env['DNSCLUSTER_TOKEN']?.trim() ?? '';
  if (kept !== '') return { token: kept, where: 'DNSCLUSTER_TOKEN' };
  if (isPerson()) return { token: await askSecret(`Token created on ${url}: `), where: 'The terminal' };
  throw new WrongUse(
    `A token of ${url} is needed: use --token-file FILE, or DNSCLUSTER_TOKEN. Create one there with "dnscluster tokens create".`,
  );
}
