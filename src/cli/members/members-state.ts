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
    description: 'Enable a disabled member; it catches up automatically',
    done: (name) => `${name} is enabled and catches up.`,
  });
}

/** `dnscluster members disable`. */
export function membersDisable(members: Command): void {
  addChange(members, {
    verb: 'disable',
    calls: 'disablemember',
    description: 'Stop sending changes to a member until it is enabled; they wait for it',
    done: (name) => `${name} is disabled. It keeps its zones; changes wait for it.`,
  });
}

/** `dnscluster members allow-removals`. */
export function membersAllowRemovals(members: Command): void {
  addChange(members, {
    verb: 'allow-removals',
    calls: 'allowremovals',
    description: 'Allow the removals that are held because a member would lose many of its zones',
    done: (name) => `The held removals are now sent to ${name}.`,
  });
}

/** `dnscluster members take-back`. */
export function membersTakeBack(members: Command): void {
  addChange(members, {
    verb: 'take-back',
    calls: 'takebackkey',
    description: 'Take back the key of a member that was accepted automatically, and trust the one before it again',
    done: (name) => `The new key of ${name} is taken back. Nothing is sent to it while it shows that one.`,
  });
}

interface Change {
  verb: string;
  /** The function of the API. */
  calls: 'enablemember' | 'disablemember' | 'allowremovals' | 'takebackkey';
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
