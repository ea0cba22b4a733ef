import type { Command } from 'commander';
import { guide } from '../terminal/guide.js';
import { MEMBER, memberNamed } from './member-rows.js';
import { say } from '../terminal/output.js';
import { askService } from '../service/running-service.js';
import { asksService, targetOf, type ServiceOptions } from '../service/target.js';

/** `dnscluster members enable`. */
export function membersEnable(members: Command): void {
  addChange(members, {
    verb: 'enable',
    calls: 'enablemember',
    description: 'Take a disabled member in again; it gets what it missed by itself',
    done: (name) => `${name} is enabled and gets what it missed.`,
  });
}

/** `dnscluster members disable`. */
export function membersDisable(members: Command): void {
  addChange(members, {
    verb: 'disable',
    calls: 'disablemember',
    description: 'Send a member nothing until it is enabled again; what it misses is not lost',
    done: (name) => `${name} is disabled. It keeps its zones as they are; what changes waits for it.`,
  });
}

/** `dnscluster members allow-removals`. */
export function membersAllowRemovals(members: Command): void {
  addChange(members, {
    verb: 'allow-removals',
    calls: 'allowremovals',
    description: 'Let the removals go that are held because much of what a member holds would go',
    done: (name) => `The removals that were held for ${name} go now.`,
  });
}

interface Change {
  verb: string;
  /** The function of the API. */
  calls: 'enablemember' | 'disablemember' | 'allowremovals';
  description: string;
  done: (hostname: string) => string;
}

function addChange(members: Command, { verb, calls, description, done }: Change): void {
  const command = members.command(verb).description(description).argument('<member>', MEMBER);
  guide(asksService(command), { examples: { [`members ${verb} ns1.example.com`]: `${description}.` } }).action(
    async (name: string, options: ServiceOptions) => {
      const target = targetOf(options);
      const { id } = await memberNamed(target, name);
      const row = await askService(target, calls, { member: id });
      say(options.json, row, `${done(row.hostname)}\n`);
    },
  );
}
