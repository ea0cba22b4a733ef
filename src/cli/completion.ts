import { Argument, type Command } from 'commander';
import { SCRIPTS } from './completion/scripts.js';
import { guide } from './terminal/guide.js';
import { say } from './terminal/output.js';

/** `dnscluster completion`. */
export function completion(program: Command): void {
  const command = program
    .command('completion')
    .description('Print the script by which a shell completes commands, options, zones and members')
    .addArgument(new Argument('<shell>', 'for which one').choices(Object.keys(SCRIPTS)));
  guide(command, {
    details: 'Zones and members are asked of the service of this machine, where whoever types may do that.',
    examples: {
      'completion bash > /etc/bash_completion.d/dnscluster': 'For everybody on this machine who uses bash.',
      'completion zsh > /usr/share/zsh/vendor-completions/_dnscluster': 'For zsh.',
      'completion fish > /usr/share/fish/vendor_completions.d/dnscluster.fish': 'For fish.',
    },
  }).action((shell: string) => say(undefined, undefined, SCRIPTS[shell] ?? ''));
}
