import { asClusterError, ClusterError } from '../../errors.js';

/** Commands in one batch; a WHM that draws a member's row sends three. */
const MOST_COMMANDS = 100;

/** One function with its own parameters. */
interface BatchCommand {
  name: string;
  /** As a query has them. */
  query: string;
}

/** Reads the `command` values of a batch, each `function?name=value&…`. Throws parameter_invalid. */
export function batchCommands(values: readonly Buffer[]): BatchCommand[] {
  const refuse = (why: string): never => {
    throw new ClusterError('parameter_invalid', { parameter: 'command', why });
  };
  if (values.length === 0) return refuse('is missing');
  if (values.length > MOST_COMMANDS) return refuse(`is there more than ${MOST_COMMANDS} times`);
  return values.map((value) => {
    const [name = '', ...query] = value.toString('utf8').split('?');
    if (name === 'batch') return refuse('names another batch');
    return { name, query: query.join('?') };
  });
}

/** One command after the other, each with an envelope of its own: what fails stops none of those behind it. */
export async function runBatch(
  commands: readonly BatchCommand[],
  run: (command: BatchCommand) => Promise<object>,
): Promise<{ result: object[] }> {
  const result: object[] = [];
  for (const command of commands) {
    try {
      result.push(await run(command));
    } catch (error) {
      const reason = asClusterError(error).message;
      result.push({ metadata: { version: 1, command: command.name, reason, result: 0 } });
    }
  }
  return { result };
}
