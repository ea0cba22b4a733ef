import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { needs } from '../needs.js';
import { Box } from './box.js';

const PROGRAMS = ['ip', 'unshare', 'nsenter', 'mount', 'setpriv', 'start-stop-daemon'];
/** Names that begin so are ours; the number behind it is the process that made them. */
const PREFIX = 'dns-install-';

/** May these tests make machines? Only root may. In CI (CI=true) it is a failure where they may not. */
export function mayBox(): boolean {
  if (!needs(...PROGRAMS)) return false;
  if (process.getuid?.() === 0) return true;
  const message = 'making machines of mounts and namespaces needs root';
  if (process.env['CI'] === 'true') throw new Error(message);
  process.stderr.write(`SKIPPED: ${message}\n`);
  return false;
}

/** Machines on a switch of their own: they reach each other, and nothing else. */
export class Boxes {
  static #made = 0;
  readonly #id = `${PREFIX}${process.pid}-${Boxes.#made++}`;
  readonly #boxes: { box: Box; namespace: string }[] = [];

  static open(): Boxes {
    dropLeftBehind();
    const boxes = new Boxes();
    ip('netns', 'add', boxes.#id);
    ip('-n', boxes.#id, 'link', 'add', 'switch', 'type', 'bridge');
    ip('-n', boxes.#id, 'link', 'set', 'switch', 'up');
    return boxes;
  }

  /** Starts a machine. `shared`: folders of this machine that it sees, by the names that they have below /run there. */
  async add(name: string, shared: Readonly<Record<string, string>>): Promise<Box> {
    const namespace = `${this.#id}-${name}`;
    const address = `10.79.0.${this.#boxes.length + 1}`;
    const port = `to-${name}`;
    ip('netns', 'add', namespace);
    ip('-n', namespace, 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', port, 'netns', this.#id);
    ip('-n', this.#id, 'link', 'set', port, 'master', 'switch', 'up');
    ip('-n', namespace, 'address', 'add', `${address}/24`, 'dev', 'eth0');
    for (const link of ['eth0', 'lo']) ip('-n', namespace, 'link', 'set', link, 'up');
    const box = new Box({ hostname: `${name}.example.net`, address, network: namespace });
    this.#boxes.push({ box, namespace });
    await box.boot(shared);
    return box;
  }

  /** Takes everything down, with what still runs there. */
  async close(): Promise<void> {
    await Promise.all(this.#boxes.map(({ box }) => box.halt()));
    for (const { namespace } of this.#boxes) ip('netns', 'del', namespace);
    ip('netns', 'del', this.#id);
  }
}

function ip(...args: string[]): string {
  const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };
  return execFileSync('ip', args, { encoding: 'utf8', timeout: 20_000, env });
}

/** A test process that was killed could take nothing down. Its machines ended with it. */
function dropLeftBehind(): void {
  for (const line of ip('netns', 'list').split('\n')) {
    const name = line.split(' ')[0] ?? '';
    const maker = name.startsWith(PREFIX) ? name.slice(PREFIX.length).split('-')[0] : undefined;
    if (maker !== undefined && !existsSync(`/proc/${maker}`)) ip('netns', 'del', name);
  }
}
