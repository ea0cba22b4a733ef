import { createSocket } from 'node:dgram';
import { expect } from 'vitest';
import { decodeMessage, encodeMessage, questionMessage, type DnsMessage } from '../../../src/dns/messages/message.js';
import { formatName, ROOT, type Name } from '../../../src/dns/name.js';
import { DnsClient, type DnsAnswer, type QueryOptions } from '../../../src/dns/messages/query.js';
import type { ResourceRecord } from '../../../src/dns/zone.js';
import { TYPE, typeName } from '../../../src/dns/types.js';
import type { DnsAddress } from '../../../src/nameservers/nameserver.js';

export interface Servers {
  bind: DnsAddress;
  embedded: DnsAddress;
}

export interface Question {
  name: Name;
  type: number;
}

/** Each name with each type. */
export const questions = (names: readonly Name[], types: readonly number[]): Question[] =>
  names.flatMap((name) => types.map((type) => ({ name, type })));

interface Shown {
  rcode: number;
  aa: boolean;
  tc: boolean;
  answer: string[];
  authority: string[];
  additional: string[];
}

export function line({ owner, ttl, type, rdata }: ResourceRecord): string {
  return `${formatName(owner)} ${ttl} ${typeName(type)} ${Buffer.from(rdata, 'latin1').toString('hex')}`;
}

/** What counts of an answer: its sections as sets of those records that are kept. */
export function shown(answer: DnsAnswer, keep: (record: ResourceRecord) => boolean = () => true): Shown {
  const set = (records: ResourceRecord[]): string[] => records.filter(keep).map(line).sort();
  const { rcode, aa, tc } = answer;
  return {
    rcode,
    aa,
    tc,
    answer: set(answer.answer),
    authority: set(answer.authority),
    additional: set(answer.additional),
  };
}

/** Fails with both answers where the two servers differ. */
export function expectSame(asked: string[], theirs: object[], ours: object[]): void {
  const different = asked.flatMap((what, i) => {
    const [expected, actual] = [JSON.stringify(theirs[i]), JSON.stringify(ours[i])];
    return expected === actual ? [] : [`${what}\n  BIND ${expected}\n  ours ${actual}`];
  });
  if (different.length === 0) return;
  expect.fail(`${different.length} of ${asked.length} answers differ:\n${different.slice(0, 50).join('\n')}`);
}

/** Asks both servers all these questions, and expects the same of `show` from both. */
export async function compare(
  servers: Servers,
  asked: readonly Question[],
  options: QueryOptions,
  show: (answer: DnsAnswer, question: Question) => object = (answer) => shown(answer),
): Promise<void> {
  const askAll = async (server: { host: string; port: number }): Promise<object[]> => {
    const client = new DnsClient(server, { timeout: 10_000, ...options });
    try {
      return await Promise.all(
        asked.map(async (question) => show(await client.query(question.name, question.type), question)),
      );
    } finally {
      client.close();
    }
  };
  const what = asked.map(({ name, type }) => `${formatName(name)} ${typeName(type)}`);
  expectSame(what, await askAll(servers.bind), await askAll(servers.embedded));
}

/** A message with these fields, plain otherwise. */
export function octetsOf(fields: Partial<DnsMessage>): Buffer {
  return encodeMessage({ ...questionMessage(1, ROOT, TYPE.SOA), ...fields });
}

/** One datagram there and back as it is; undefined where nothing comes. */
export async function exchange(
  server: { host: string; port: number },
  octets: Buffer,
): Promise<DnsMessage | undefined> {
  const socket = createSocket('udp4');
  try {
    return await new Promise((resolve) => {
      socket.on('message', (message) => resolve(decodeMessage(message)));
      setTimeout(() => resolve(undefined), 300);
      socket.send(octets, server.port, server.host);
    });
  } finally {
    socket.close();
  }
}
