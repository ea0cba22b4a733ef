import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const LONGEST = 150_000;
/** As a login of root has it. */
const ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
};

/** What a program wrote, of both kinds, and its exit code. */
export interface Ran {
  status: number | null;
  said: string;
}

/**
 * A machine that can be installed and broken: it sees this machine's files, and what it writes is its own, in memory.
 * It has its own processes, host name and network. Its mounts are its own, too: when its first process ends, nothing is
 * left.
 */
export class Box {
  readonly hostname: string;
  readonly address: string;
  /** The name of its network namespace. */
  readonly network: string;
  readonly #place = mkdtempSync(join(tmpdir(), 'dns-install-'));
  #machine: ChildProcess | undefined;
  #first = 0;

  constructor(of: { hostname: string; address: string; network: string }) {
    this.hostname = of.hostname;
    this.address = of.address;
    this.network = of.network;
  }

  /** Resolves when it runs. */
  async boot(shared: Readonly<Record<string, string>>): Promise<void> {
    const place = this.#place;
    const lines = [
      'set -e; mount --make-rprivate /',
      `mount -t tmpfs tmpfs ${place}; cd ${place}; mkdir upper work root`,
      `mount -t overlay overlay -o lowerdir=/,upperdir=${place}/upper,workdir=${place}/work root; cd root`,
      'mount -t proc proc proc; mount -t sysfs sysfs sys; mount --rbind /dev dev',
      'mount -t tmpfs tmpfs run; mount -t tmpfs tmpfs tmp; mkdir run/named run/nsd',
      ...Object.entries(shared).map(([name, folder]) => `mkdir run/${name}; mount --bind '${folder}' run/${name}`),
      `hostname ${this.hostname}`,
      // The first process of a machine: it takes up whose parent ended. Programs are run from where root logs in.
      "exec chroot . bash -c 'cd /root; echo up; exec >&-; while :; do sleep 1000 & wait; done'",
    ];
    const apart = ['unshare', '--mount', '--pid', '--fork', '--uts', '--ipc', '--kill-child', 'bash', '-c'];
    const machine = spawn('nsenter', [`--net=/run/netns/${this.network}`, ...apart, lines.join('\n')], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: ENVIRONMENT,
    });
    this.#machine = machine;
    const up = await Promise.race([once(machine.stdout, 'data').then(() => true), once(machine, 'exit')]);
    if (up !== true) throw new Error(`${this.hostname} did not start`);
    const pid = String(machine.pid);
    this.#first = Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim());
  }

  /** Runs a program there, as root; resolves at its end. */
  async run(program: string, args: readonly string[] = [], input = ''): Promise<Ran> {
    const child = spawn('nsenter', [...this.enter, program, ...args], { env: ENVIRONMENT, timeout: LONGEST });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (said += part.toString()));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input);
    const [status] = (await once(child, 'close')) as [number | null];
    return { status, said };
  }

  /** As `run`; rejects with what it said where it fails. */
  async does(program: string, args: readonly string[] = [], input = ''): Promise<string> {
    const { status, said } = await this.run(program, args, input);
    if (status !== 0) throw new Error(`${this.hostname}: ${program} ${args.join(' ')}: ${String(status)}\n${said}`);
    return said;
  }

  /** Options of `nsenter` for programs that are to run there. */
  get enter(): string[] {
    return ['-t', String(this.#first), '-m', '-p', '-u', '-i', '-n', '-r', '-w'];
  }

  /** Every file of a folder with its mode, owner and content, as a text to be compared. */
  async filesOf(folder: string): Promise<string> {
    const script = `cd ${folder} && { find . ! -type f -printf '%p %y %m %u %g %l\\n'; find . -type f -printf '%p %y %m %u %g\\n'; find . -type f -exec sha256sum {} +; } | LC_ALL=C sort`;
    return this.does('bash', ['-c', script]);
  }

  /** What was ever written there and is still other than on this machine: files and removals, no folders, below / . */
  async written(): Promise<string[]> {
    const find = ['find', `${this.#place}/upper`, '!', '-type', 'd', '-printf', '/%P\\n'];
    const child = spawn('nsenter', ['-t', String(this.#first), '-m', ...find], { env: ENVIRONMENT });
    let said = '';
    child.stdout.on('data', (part: Buffer) => (said += part.toString()));
    await once(child, 'close');
    return said
      .split('\n')
      .filter((line) => line !== '')
      .sort();
  }

  async halt(): Promise<void> {
    const machine = this.#machine;
    if (machine !== undefined && machine.exitCode === null && machine.signalCode === null) {
      const gone = once(machine, 'exit');
      machine.kill('SIGKILL');
      await gone;
    }
    rmdirSync(this.#place);
  }
}
