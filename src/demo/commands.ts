import { NODES } from './demo-data.js';
import { describeFailure, type Demo } from './demo.js';

const HELP = 'Commands: stop NAME, start NAME, status, quit. NAME is web, ns1 or ns2.';

/** One line of standard input. Answers through `say`; a command that fails says why and ends nothing. */
export async function runCommand(demo: Demo, line: string, say: (text: string) => void): Promise<'quit' | undefined> {
  const [command = '', name = '', ...rest] = line.trim().split(/\s+/);
  if (command === '') return undefined;
  if (command === 'quit' || command === 'exit') return 'quit';
  try {
    if (command === 'status' && name === '') say(await describeStatus(demo));
    else if ((command === 'stop' || command === 'start') && rest.length === 0) {
      if (!demo.isNode(name)) say(`There is no node "${name}". ${HELP}`);
      else if (command === 'stop') {
        await demo.stopNode(name);
        say(`${name} is stopped`);
      } else await demo.startNode(name);
    } else say(HELP);
  } catch (error) {
    say(describeFailure(`"${command} ${name}"`.trim(), error));
  }
  return undefined;
}

async function describeStatus(demo: Demo): Promise<string> {
  const lines: string[] = [];
  for (const name of NODES) {
    const report = await demo.report(name);
    if (report === undefined) lines.push(`${name}: stopped`);
    else lines.push(`${name}: ${report.zones} zones, ${report.nameserver}`);
    for (const member of report?.members ?? []) {
      const waiting = member.pending > 0 ? `, ${member.pending} waiting` : '';
      lines.push(
        `  → ${member.hostname}: ${member.state}, ${member.zonesInSync} of ${member.zones} zones in sync${waiting}`,
      );
    }
  }
  return lines.join('\n');
}
