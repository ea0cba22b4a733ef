import { setTimeout as pause } from 'node:timers/promises';
import { visible } from '../../operations/visible.js';
import { ACTIONS } from '../../presentation/words.js';
import type { MemberRow } from '../../web/whm-api/answers/member-answer.js';
import { askService, type AnswerOf } from '../service/running-service.js';
import type { Target } from '../service/target.js';
import { shortTime, type Line } from './line.js';

type Entry = AnswerOf<'listaudit'>['entry'][number];

/** The service lists no more at once. */
const MOST = 1_000;
const EACH = 1_000;
const IN_TARGET = /[\s,]+/;

/** Of which changes; all where nothing is said. */
interface ChangeFilter {
  zone: string | undefined;
  member: MemberRow | undefined;
  user: string | undefined;
}

/** The last changes that were asked for, at most `limit`, the newest last; then later ones as they come. Never ends. */
export async function* changes(target: Target, filter: ChangeFilter, limit: number): AsyncGenerator<Line[]> {
  let before: Entry[] | undefined;
  for (;;) {
    // Several may have the same time, of which some come later.
    const since = before?.at(-1)?.time ?? '';
    const seen = new Set(before?.map((one) => JSON.stringify(one)));
    const now = await latest(target, filter);
    const fresh = now.filter((one) => one.time >= since && !seen.has(JSON.stringify(one)));
    yield (before === undefined ? fresh.slice(Math.max(0, fresh.length - limit)) : fresh).map(lineOf);
    before = now.length > 0 ? now : before;
    await pause(EACH);
  }
}

/** The newest last. */
async function latest(target: Target, { zone, member, user }: ChangeFilter): Promise<Entry[]> {
  // A member is named by its id, and by its host where it was added.
  const names = member === undefined ? [] : [member.id, member.hostname.toLowerCase(), member.host.toLowerCase()];
  const asked = zone === undefined ? names : [zone.toLowerCase()];
  const answers = await Promise.all(
    (asked.length === 0 ? [undefined] : [...new Set(asked)].filter((name) => name !== '')).map((name) =>
      askService(target, 'listaudit', { limit: MOST, user, target: name }),
    ),
  );
  const found = new Map(answers.flatMap((answer) => answer.entry).map((one) => [JSON.stringify(one), one]));
  return [...found.values()]
    .filter((one) => {
      const words = one.target.toLowerCase().split(IN_TARGET);
      const isOf = (wanted: readonly string[]): boolean => wanted.some((name) => words.includes(name));
      return (zone === undefined || isOf([zone.toLowerCase()])) && (member === undefined || isOf(names));
    })
    .sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
}

function lineOf(one: Entry): Line {
  const { time, user, via, action, target, refused } = one;
  const done = ACTIONS[action] ?? action;
  const outcome = refused === undefined ? '' : `  refused: ${refused}`;
  const words = `${shortTime(time)}  ${`${user} (${via})`.padEnd(24)}  ${done.padEnd(22)}  ${target}${outcome}`;
  return { entry: one, words: visible(words.replaceAll(/[\n\t]/g, ' ')) };
}
