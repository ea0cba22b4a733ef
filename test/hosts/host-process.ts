import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { vi } from 'vitest';
import { freePort } from '../../src/operations/ports.js';
import type { Host, Place } from './host.js';
import { installedPackage } from './installation.js';
import { Visitor } from './visitor.js';

const START_WITHIN = { timeout: 90_000, interval: 100 };
const STOP_WITHIN = 30_000;
const MOST_KEPT = 200_000;

/** A host in a process of its own, with the plugin in it, installed from the packed package. */
export class HostProcess {
  readonly place: Place;
  readonly #host: Host;
  readonly #child: ChildProcess;
  /** How it ended: the exit code, or the signal. */
  readonly #ended: Promise<number | NodeJS.Signals>;
  readonly #visitors: Visitor[] = [];
  #said = '';

  private constructor(host: Host, place: Place, child: ChildProcess) {
    this.#host = host;
    this.place = place;
    this.#child = child;
    this.#ended = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | NodeJS.Signals);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.#said = (this.#said + chunk.toString()).slice(-MOST_KEPT);
      });
    }
  }

  /** Resolves when the plugin in it has started. */
  static async start(host: Host): Promise<HostProcess> {
    const folder = await installedPackage(host.wanted);
    const [port, apiPort, dnsPort] = [await freePort(), await freePort(), await freePort()];
    const place = { folder, port, apiPort, dnsPort, password: randomBytes(12).toString('hex') };
    const { args, env } = await host.prepare(place);
    const { PATH = '', HOME = '', TMPDIR } = process.env;
    const child = spawn(process.execPath, args, {
      cwd: folder,
      // Nothing of this test runner's: NODE_ENV=test changes what libraries do.
      env: { PATH, HOME, ...(TMPDIR === undefined ? {} : { TMPDIR }), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const process_ = new HostProcess(host, place, child);
    try {
      await process_.#untilStarted();
    } catch (error) {
      await process_.end();
      throw new Error(`${host.name} did not start\n${process_.said}`, { cause: error });
    }
    return process_;
  }

  /** The last that it wrote to its standard output and error. */
  get said(): string {
    return this.#said;
  }

  /** The plugin's own folder. */
  get data(): string {
    return join(this.place.folder, this.#host.data);
  }

  visitor(base = this.#host.url(this.place)): Visitor {
    const visitor = new Visitor(base);
    this.#visitors.push(visitor);
    return visitor;
  }

  async loggedIn(user: string): Promise<Visitor> {
    const visitor = this.visitor();
    await this.#host.logIn(visitor, user, this.place.password);
    return visitor;
  }

  /** Asks it to end, and answers how it did: `SIGKILL` where it had to be killed. */
  async stop(): Promise<number | NodeJS.Signals> {
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_WITHIN);
    this.#child.kill('SIGTERM');
    const how = await this.#ended;
    clearTimeout(timer);
    return how;
  }

  /** With everything that it left. */
  async end(): Promise<void> {
    if (!this.#hasEnded()) {
      this.#child.kill('SIGKILL');
      await this.#ended;
    }
    await Promise.all(this.#visitors.map((visitor) => visitor.close()));
    await rm(this.place.folder, { recursive: true, force: true });
  }

  async #untilStarted(): Promise<void> {
    const visitor = this.visitor();
    await vi.waitFor(async () => {
      if (this.#hasEnded()) return;
      const { status } = await visitor.get('/clusters/dns');
      if (status !== this.#host.refusal.status) throw new Error(`/clusters/dns answers ${status}`);
    }, START_WITHIN);
    if (this.#hasEnded()) throw new Error(`it ended with ${await this.#ended}`);
  }

  #hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }
}
