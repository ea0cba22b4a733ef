import type { Command } from 'commander';
import { sentenceOf } from '../../errors.js';
import type { MemberRow } from '../../web/whm-api/answers/member-answer.js';
import { EXIT, ServiceRefusal } from '../terminal/failure.js';
import { guide } from '../terminal/guide.js';
import { MEMBER, memberNamed, membersOf } from './member-rows.js';
import { say, table } from '../terminal/output.js';
import { askService, type AnswerOf } from '../service/running-service.js';
import { asksService, targetOf, type ServiceOptions, type Target } from '../service/target.js';

/** What came of one test. */
interface Tested {
  member: string;
  ok: boolean;
  version?: string;
  milliseconds?: number;
  error?: string;
}

/** `dnscluster members test`. */
export function membersTest(members: Command): void {
  const command = members
    .command('test')
    .description('Test members: version, time to answer, and whether their nameservers answer')
    .argument('[member...]', `${MEMBER}; default: all`);
  guide(asksService(command), {
    details:
      'It exits with 1 if a member does not answer as it should. A failure counts towards the failure threshold.',
    examples: { 'members test': 'Test all members.', 'members test ns1.example.com': 'Test one.' },
  }).action(async (names: readonly string[], options: ServiceOptions) => {
    const target = targetOf(options);
    const rows = names.length === 0 ? await membersOf(target) : [];
    for (const name of names) rows.push(await memberNamed(target, name));
    const tested = await Promise.all(rows.map((row) => test(target, row)));
    say(options.json, tested, words(tested));
    if (tested.some(({ ok }) => !ok)) process.exitCode = EXIT.problems;
  });
}

/** Has a service test one of its members. Rejects with ServiceRefusal if the member does not answer. */
export function testMember(target: Target, id: string): Promise<AnswerOf<'testmember'>> {
  return askService(target, 'testmember', { member: id });
}

async function test(target: Target, { id, hostname }: MemberRow): Promise<Tested> {
  try {
    const { version, milliseconds, silentNameserver: silent } = await testMember(target, id);
    if (silent === undefined) return { member: hostname, ok: true, version, milliseconds };
    const error = `its API answers, but not its nameserver over ${silent.over.join(' and ')}: ${silent.why}`;
    return { member: hostname, ok: false, version, milliseconds, error };
  } catch (error) {
    if (error instanceof ServiceRefusal) return { member: hostname, ok: false, error: sentenceOf(error) };
    throw error;
  }
}

function words(tested: readonly Tested[]): string {
  if (tested.length === 0) return 'The cluster has no members yet.\n';
  const rows = tested.map(({ member, ok, version = '', milliseconds = '', error = '' }) => [
    member,
    ok ? `answered in ${milliseconds} ms, version ${version}` : error,
  ]);
  return table(['MEMBER', 'ANSWER'], rows);
}
