import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { compareSerials } from '../../src/dns/serial.js';
import type { Host } from './network.js';

const PROBER = fileURLToPath(new URL('prober.mjs', import.meta.url));
/** Answers that say "not now" and nothing of the zone. */
const NOT_NOW = new Set(['rcode 2']);

type Report =
  | { server: string; zone: string; seen: number | string }
  | { server: string; answered: number; silent: number }
  | { pong: true };

/** What was seen of one zone at one server. */
interface Seen {
  /** The highest serial so far. */
  serial: number;
  /** It answers with the zone, which has outlived so many removals. */
  since: number | undefined;
}

/**
 * Asks all nameservers for all zones as long as it runs, and keeps what must never be seen: a serial that goes
 * backwards (RFC 1982), and a zone that is gone although nobody removed it.
 */
export class DnsWatch {
  /** What must never be seen, in sentences. */
  readonly violations: string[] = [];
  answers = 0;
  unanswered = 0;
  readonly #seen = new Map<string, Seen>();
  readonly #zones = new Set<string>();
  readonly #removals = new Map<string, number>();
  /** Of zones that were made again: under which serial, after how many removals. */
  readonly #made = new Map<string, { serial: number; removals: number }>();
  readonly #child: ChildProcess;
  #pong: () => void = () => undefined;

  constructor(from: Host, servers: readonly Host[]) {
    this.#child = fork(PROBER, [], {
      execPath: 'nsenter',
      execArgv: [...from.enter, process.execPath],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child.on('message', (report: Report) => this.#note(report));
    this.#child.send({ servers: servers.map(({ name, address }) => ({ name, address })) });
  }

  add(zone: string): void {
    if (this.#zones.has(zone)) return;
    this.#zones.add(zone);
    this.#child.send({ zone });
  }

  /** Its removal begins: from now on it may be gone. */
  removed(zone: string): void {
    this.#removals.set(zone, this.#removalsOf(zone) + 1);
  }

  /**
   * It was made, or made again, under this serial: who answers with it, or a later one, must not be without it any
   * more.
   */
  made(zone: string, serial: number): void {
    this.#made.set(zone, { serial, removals: this.#removalsOf(zone) });
  }

  /**
   * This server, which does not run now, is replaced by one that has nothing: it may be without zones until it was
   * given them.
   */
  async emptied(server: string): Promise<void> {
    await this.#caughtUp();
    for (const [key, seen] of this.#seen) if (key.startsWith(`${server} `)) seen.since = undefined;
  }

  /** The serial that this server answers with now; undefined where it does not have the zone. */
  serialAt(server: string, zone: string): number | undefined {
    const seen = this.#seen.get(`${server} ${zone}`);
    return seen?.since === undefined ? undefined : seen.serial;
  }

  async close(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  /** What was answered before now is noted. */
  async #caughtUp(): Promise<void> {
    const noted = new Promise<void>((resolve) => (this.#pong = resolve));
    this.#child.send({ ping: true });
    await noted;
  }

  #note(report: Report): void {
    if ('pong' in report) this.#pong();
    else if ('answered' in report) {
      this.answers += report.answered;
      this.unanswered += report.silent;
    } else if (typeof report.seen === 'number') this.#present(report.server, report.zone, report.seen);
    else if (!NOT_NOW.has(report.seen)) this.#absent(report.server, report.zone, report.seen);
  }

  #present(server: string, zone: string, serial: number): void {
    const before = this.#of(server, zone);
    if (before.serial > 0 && compareSerials(serial, before.serial) < 0)
      this.#violated(`${server} answered for ${zone} with serial ${serial} after ${before.serial}`);
    else before.serial = serial;
    // A removal that had begun may not have come there yet: only one that the zone has outlived counts.
    const again = this.#made.get(zone);
    const outlived = again !== undefined && compareSerials(serial, again.serial) >= 0 ? again.removals : 0;
    before.since = Math.max(before.since ?? 0, outlived);
  }

  #absent(server: string, zone: string, how: string): void {
    const before = this.#of(server, zone);
    if (before.since !== undefined && this.#removalsOf(zone) <= before.since)
      this.#violated(`${server} answered for ${zone} with ${how}, and nobody had removed it (serial ${before.serial})`);
    before.since = undefined;
  }

  #violated(what: string): void {
    this.violations.push(`${new Date().toISOString()} ${what}`);
  }

  #of(server: string, zone: string): Seen {
    const key = `${server} ${zone}`;
    const seen = this.#seen.get(key) ?? { serial: 0, since: undefined };
    this.#seen.set(key, seen);
    return seen;
  }

  #removalsOf(zone: string): number {
    return this.#removals.get(zone) ?? 0;
  }
}
