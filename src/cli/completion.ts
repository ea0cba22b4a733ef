import { Argument, type Command } from 'commander';
import { SCRIPTS } from './completion/scripts.js';
import { guide } from './terminal/guide.js';
import { say } from './terminal/output.js';

/** `dnscluster completion`. */
export function completion(program: Command): void {
  const command = program
    .command('completion')
    .description('Print the script that completes commands, options, zones and members in a shell')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(SCRIPTS)));
  guide(command, {
    details: 'Names of zones and members come from the service, if you may use it.',
    examples: {
      'completion bash > /etc/bash_completion.d/dnscluster': 'For all users of bash on this machine.',
      'completion zsh > /usr/share/zsh/vendor-completions/_dnscluster': 'For zsh.',
      'completion fish > /usr/share/fish/vendor_completions.d/dnscluster.fish': 'For fish.',
    },
  }).action((shell: string) => say(undefined, undefined, SCRIPTS[shell] ?? ''));
}
