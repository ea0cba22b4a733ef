import type { CompletedCommand, Value } from './words.js';

/** How each kind of value is completed. */
const VALUES: Readonly<Record<Exclude<Value, readonly string[]>, string>> = {
  file: '-F',
  folder: "-a '(__fish_complete_directories)'",
  zone: "-a '(dnscluster zones list --names 2>/dev/null)'",
  member: "-a '(dnscluster members list --names 2>/dev/null)'",
  other: '',
};

/** The script for fish 3 and later. */
export function fishCompletion(commands: readonly CompletedCommand[]): string {
  const known = commands.flatMap(({ paths }) => paths).filter((path) => path !== '');
  return `# Completes dnscluster in fish; printed by "dnscluster completion fish".
function __dnscluster_at --description 'Is this the command before the cursor?'
    set -l at ''
    for word in (commandline -opc)[2..]
        set -l next (string trim -- "$at $word")
        if contains -- $next ${known.map(quotedForFish).join(' ')}
            set at $next
        end
    end
    contains -- "$at" $argv
end
complete -c dnscluster -f
${commands.flatMap(linesOf).join('\n')}
`;
}

function linesOf({ paths, commands, options, arguments: of }: CompletedCommand): string[] {
  const start = `complete -c dnscluster -n ${quotedForFish(`__dnscluster_at ${paths.map(quotedForFish).join(' ')}`)}`;
  return [
    ...commands.map(({ name, description }) => `${start} -a ${name} -d ${quotedForFish(description)}`),
    ...options.map(({ flags, description, value }) => {
      const names = flags.map((flag) => (flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`));
      const takes = value === undefined ? '' : ` -r ${completedBy(value)}`;
      return `${start} ${names.join(' ')}${takes} -d ${quotedForFish(description)}`.replaceAll(/ {2,}/g, ' ');
    }),
    ...of.flatMap(({ value }) => (value === 'other' ? [] : [`${start} ${completedBy(value)}`])),
  ];
}

function completedBy(value: Value): string {
  return typeof value === 'object' ? `-a ${quotedForFish(value.join(' '))}` : VALUES[value];
}

/** In single quotes, where fish reads backslashes, too. */
function quotedForFish(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", String.raw`\'`)}'`;
}
