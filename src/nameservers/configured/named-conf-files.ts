import { dirname, isAbsolute, resolve } from 'node:path';
import { ClusterError, sentenceOf } from '../../errors.js';
import { configurationText, includedFiles } from './configuration-reading.js';
import type { StatementPlace } from './configured-zone.js';
import { lineAt, statementsOf, valueOf, type Statement } from './named-conf-statements.js';

/** A statement, and where it stands. */
interface PlacedStatement extends Statement {
  place: StatementPlace;
}

const MOST_FILES = 10_000;

/**
 * The statements of a configuration in named.conf's syntax, in their order, those of files that it includes in place of
 * the include. Rejects with nameserver_configuration_unreadable.
 */
export async function statementsOfFiles(file: string): Promise<PlacedStatement[]> {
  const found: PlacedStatement[] = [];
  // Names of files count from the directory that the options name, as soon as they do.
  let directory = dirname(resolve(file));
  let files = 0;
  const read = async (path: string): Promise<void> => {
    const refuse = (why: string): never => {
      throw new ClusterError('nameserver_configuration_unreadable', { file: path, why });
    };
    if (++files > MOST_FILES) refuse(`more than ${MOST_FILES} files are included`);
    const text = await configurationText(path);
    let statements: Statement[] = [];
    try {
      statements = statementsOf(text);
    } catch (error) {
      refuse(sentenceOf(error));
    }
    for (const statement of statements) {
      const { words, body, start, end } = statement;
      if (words[0] === 'include') {
        for (const included of await includedFiles(resolve(directory, words[1] ?? ''))) await read(included);
        continue;
      }
      const named = words[0] === 'options' ? valueOf(body ?? [], 'directory')?.words[1] : undefined;
      if (named !== undefined && isAbsolute(named)) directory = named;
      found.push({ ...statement, place: { file: path, from: lineAt(text, start), to: lineAt(text, end), start, end } });
    }
  };
  await read(resolve(file));
  return found;
}
