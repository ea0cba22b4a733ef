import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../src/operations/ports.js';

/** A named of our own on a free loopback port, with these zones and nothing else. */
export interface PrivateNamed {
  host: string;
  port: number;
  stop: () => Promise<void>;
}

/** Starts named with `zones` (name to text); rejects with its log where it does not come up with all of them. */
export async function startNamed(zones: Readonly<Record<string, string>>, options = ''): Promise<PrivateNamed> {
  const folder = await mkdtemp(join(tmpdir(), 'dns-cluster-named-'));
  const port = await freePort();
  const clauses: string[] = [];
  for (const [name, text] of Object.entries(zones)) {
    const file = join(folder, `${encodeURIComponent(name)}.zone`);
    await writeFile(file, text, 'latin1');
    clauses.push(`zone "${name}" { type primary; file "${file}"; check-names ignore; };`);
  }
  const config = join(folder, 'named.conf');
  await writeFile(
    config,
    `options {
      directory "${folder}"; pid-file none; session-keyfile none; listen-on-v6 { none; };
      listen-on port ${port} { 127.0.0.1; }; recursion no; empty-zones-enable no; notify no; dnssec-validation no;
      check-integrity no; max-udp-size 1232; edns-udp-size 1232; ${options}
    };
    controls {};
    ${clauses.join('\n')}`,
  );
  const named = spawn('named', ['-g', '-c', config, '-n', '1'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin` },
  });
  const stop = async (): Promise<void> => {
    if (named.exitCode === null && named.signalCode === null) {
      named.kill();
      await once(named, 'exit');
    }
    await rm(folder, { recursive: true, force: true });
  };
  let log = '';
  named.stderr.setEncoding('latin1');
  const running = new Promise<void>((resolve, reject) => {
    named.stderr.on('data', (chunk: string) => {
      log += chunk;
      if (/\brunning$/m.test(log)) resolve();
    });
    named.on('error', reject);
    named.on('exit', () => reject(new Error(`named stopped:\n${log}`)));
  });
  try {
    await running;
    if (/not loaded due to errors/.test(log)) throw new Error(`named did not load all zones:\n${log}`);
  } catch (error) {
    await stop();
    throw error;
  }
  return { host: '127.0.0.1', port, stop };
}

/** A port that was free for UDP and TCP a moment ago. */
