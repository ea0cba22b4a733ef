import { hostingZone } from './hosting-zones.js';
import type { LoopQuestion } from './query-loop.js';

/** One version of the hosting zones: `hostingZone(i, seed, serial)`. */
export interface HostingVersion {
  seed: string;
  serial: number;
}

/**
 * What to ask of each of the first `count` hosting zones, and what each version answers: its serial, an address, a DKIM
 * key.
 */
export function hostingQuestions(count: number, versions: readonly HostingVersion[]): LoopQuestion[] {
  return Array.from({ length: count }, (_, i) => {
    const zone = hostingZone(i).name;
    const texts = versions.map(({ seed, serial }) => hostingZone(i, seed, serial).text);
    const ofEach = (pick: (text: string) => string): string[] => texts.map(pick);
    return [
      { zone, name: zone, type: 'SOA' as const, versions: versions.map(({ serial }) => String(serial)) },
      { zone, name: `mail.${zone}`, type: 'A' as const, versions: ofEach((text) => addressOf(text)) },
      { zone, name: `default._domainkey.${zone}`, type: 'TXT' as const, versions: ofEach((text) => keyOf(text)) },
    ];
  }).flat();
}

function addressOf(text: string): string {
  return /^mail\tIN\tA\t(\S+)$/m.exec(text)?.[1] ?? '';
}

function keyOf(text: string): string {
  const line = /^default\._domainkey.*$/m.exec(text)?.[0] ?? '';
  return [...line.matchAll(/"([^"]*)"/g)].map(([, string = '']) => string).join('');
}
