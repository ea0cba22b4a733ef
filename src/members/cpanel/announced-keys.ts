import { request, type IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { keyStatements, STATEMENTS_PATH, type KeyStatement } from '../../access/key-statements.js';

const ANSWERS_WITHIN = 5_000;
/** Octets. */
const LARGEST = 512 * 1024;

/**
 * What a server that is not trusted yet says of its keys. It gets neither token nor name for that; whoever answers with
 * anything else, as the original does, says nothing. Uses the connection up.
 */
export async function statementsFrom(socket: TLSSocket): Promise<readonly KeyStatement[]> {
  try {
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      const sent = request({
        path: STATEMENTS_PATH,
        headers: { host: 'dns-cluster', connection: 'close' },
        createConnection: () => socket,
        signal: AbortSignal.timeout(ANSWERS_WITHIN),
      });
      sent.once('response', resolve).once('error', reject).end();
    });
    if (answer.statusCode !== 200) return [];
    let text = '';
    for await (const part of answer) {
      text += String(part);
      if (text.length > LARGEST) return [];
    }
    return keyStatements.parse(JSON.parse(text));
  } catch {
    return [];
  }
}
