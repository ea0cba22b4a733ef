import { Command } from 'commander';
import { packageVersion } from '../operations/version.js';
import { auditVerify } from './audit-verify.js';
import { backup } from './backup.js';
import { completion } from './completion.js';
import { complete } from './completion/complete.js';
import { conflictsList } from './drift/conflicts-list.js';
import { conflictsForget, conflictsPolicy, conflictsTakeOver } from './drift/conflicts-settle.js';
import { doctor } from './doctor.js';
import { driftCheck } from './drift/drift-check.js';
import { driftList } from './drift/drift-list.js';
import { driftRemove, driftSend, driftTake } from './drift/drift-settle.js';
import { EXIT_MEANINGS } from './terminal/failure.js';
import { join } from './join.js';
import { logs } from './logs.js';
import { man } from './man.js';
import { membersAccept } from './members/members-accept.js';
import { membersAdd } from './members/members-add.js';
import { membersEdit } from './members/members-edit.js';
import { membersList } from './members/members-list.js';
import { membersRemove } from './members/members-remove.js';
import { membersRole } from './members/members-role.js';
import { membersAllowRemovals, membersDisable, membersEnable, membersTakeBack } from './members/members-state.js';
import { membersTest } from './members/members-test.js';
import { restore } from './restore.js';
import { serve } from './serve.js';
import { stateForget } from './state-forget.js';
import { statusCommand } from './status.js';
import { syncAll, syncLocal, syncZone, syncZoneLocal } from './synchronize.js';
import { tokensCreate } from './tokens/tokens-create.js';
import { tokensList } from './tokens/tokens-list.js';
import { tokensRevoke } from './tokens/tokens-revoke.js';
import { usersAdd, usersList, usersPassword, usersRemove } from './users.js';
import { zonesAdopt } from './zones/zones-adopt.js';
import { zonesAllow } from './zones/zones-allow.js';
import { zonesCheck } from './zones/zones-check.js';
import { zonesCreate } from './zones/zones-create.js';
import { zonesDiff } from './zones/zones-diff.js';
import { zonesHandOver } from './zones/zones-hand-over.js';
import { zonesHistory } from './zones/zones-history.js';
import { zonesList } from './zones/zones-list.js';
import { zonesOwner } from './zones/zones-owner.js';
import { zonesRemove } from './zones/zones-remove.js';
import { zonesRescan } from './zones/zones-rescan.js';
import { zonesRemoved, zonesRestore } from './zones/zones-restore.js';
import { zonesSave } from './zones/zones-save.js';
import { zonesShow } from './zones/zones-show.js';

/** Adds a command, or a group of them, below its parent. */
type AddCommand = (parent: Command) => void;

/** A group of commands, as `zones`; groups may stand in groups. */
function group(name: string, description: string, commands: readonly AddCommand[]): AddCommand {
  return (parent) => addAll(parent.command(name).description(description), commands);
}

/** Every command of `dnscluster`, one a line; each is a file of its own. */
const COMMANDS: readonly AddCommand[] = [
  statusCommand,
  doctor,
  join,
  group('members', 'The servers of the cluster', [
    membersList,
    membersAdd,
    membersEdit,
    membersAccept,
    membersTakeBack,
    membersRole,
    membersEnable,
    membersDisable,
    membersAllowRemovals,
    membersRemove,
    membersTest,
  ]),
  group('zones', 'Zones and their master files', [
    zonesList,
    zonesShow,
    zonesSave,
    zonesCreate,
    zonesRemove,
    zonesRemoved,
    zonesRestore,
    zonesOwner,
    zonesHandOver,
    zonesHistory,
    zonesDiff,
    zonesAdopt,
    zonesAllow,
    zonesCheck,
    zonesRescan,
  ]),
  syncZone,
  syncZoneLocal,
  syncAll,
  syncLocal,
  group('drift', 'Differences between members and this server', [
    driftList,
    driftCheck,
    driftSend,
    driftTake,
    driftRemove,
  ]),
  group('conflicts', 'Zones that two servers write', [
    conflictsList,
    conflictsTakeOver,
    conflictsForget,
    conflictsPolicy,
  ]),
  logs,
  group('audit', 'The audit log', [auditVerify]),
  backup,
  restore,
  group('state', 'The state files of the service', [stateForget]),
  group('tokens', 'API tokens for other servers and for scripts', [tokensCreate, tokensList, tokensRevoke]),
  group('users', 'Users of the bare-bones panel', [usersList, usersAdd, usersPassword, usersRemove]),
  serve,
  completion,
  complete,
  man,
];

const EXIT_CODES = Object.entries(EXIT_MEANINGS).map(([code, meaning]) => `  ${code}  ${meaning}`);

/** The whole program. Commander leaves by exceptions, so that output still under way is written to its end. */
export async function dnscluster(): Promise<Command> {
  const program = new Command('dnscluster')
    .description('Keeps the zones of web servers and nameservers the same')
    .version(await packageVersion(), '--version', 'print the version')
    .helpOption('-h, --help', 'show how a command is used')
    .helpCommand('help [command]', 'show how a command is used')
    .showSuggestionAfterError()
    .addHelpText('after', `\nExit codes:\n${EXIT_CODES.join('\n')}`)
    .exitOverride();
  addAll(program, COMMANDS);
  return program;
}

function addAll(parent: Command, commands: readonly AddCommand[]): void {
  for (const add of commands) add(parent);
}
