import { readFile } from 'node:fs/promises';
import { parseName } from '../../dns/name.js';
import type { DnsClient } from '../../dns/messages/query.js';
import { TYPE } from '../../dns/types.js';
import type { IncludeFile } from '../controlled/include-file.js';
import type { PdnsControl } from './control.js';

/** Milliseconds for which what was found holds. */
const LIFE = 60_000;
const MOST_NAMED = 100;

/**
 * Zones that PowerDNS signs by itself, ours and the operator's: it answers with a DNSKEY that is in no file of ours.
 * Asked over DNS, because that is what counts; and only where its configuration has a place for keys at all.
 */
export class SignedZones {
  readonly #control: PdnsControl;
  readonly #client: DnsClient;
  readonly #zones: IncludeFile;
  #found: Promise<string[]> | undefined;
  #foundAt = -Infinity;

  constructor(control: PdnsControl, client: DnsClient, zones: IncludeFile) {
    this.#control = control;
    this.#client = client;
    this.#zones = zones;
  }

  /** At most 100 of them. */
  async list(): Promise<string[]> {
    if (performance.now() - this.#foundAt > LIFE) {
      this.#foundAt = performance.now();
      const before = this.#found;
      const now = this.#query();
      // What was found before holds until all were asked again.
      this.#found = before === undefined ? now : before;
      void now.then(
        () => (this.#found = now),
        () => (this.#foundAt = -Infinity),
      );
    }
    return (await this.#found) ?? [];
  }

  async #query(): Promise<string[]> {
    const configuration = await this.#control.command('current-config diff');
    const mayHaveKeys = /^bind-dnssec-db=.|^bind-hybrid=yes|^launch=(?!bind$)/m.test(configuration);
    if (!mayHaveKeys) return [];
    const names = (await this.#control.command('list-zones')).split('\n').flatMap((line) => zoneIn(line) ?? []);
    const signed = await Promise.all(names.map((name) => this.#isSigned(name)));
    return names.filter((_, i) => signed[i]).slice(0, MOST_NAMED);
  }

  async #isSigned(name: string): Promise<boolean> {
    const { aa, answer } = await this.#client.query(parseName(`${name}.`), TYPE.DNSKEY);
    if (!aa || !answer.some(({ type }) => type === TYPE.DNSKEY)) return false;
    const file = this.#zones.get(name);
    if (file === undefined) return true;
    return !/\bDNSKEY\b/.test(await readFile(file, 'latin1').catch(() => ''));
  }
}

function zoneIn(line: string): string | undefined {
  return /^(\S+)\.$/.exec(line.trim())?.[1];
}
