import { createSocket } from 'node:dgram';
import { fileURLToPath } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { encodeMessage } from '../src/dns/messages/message.js';
import { parseName } from '../src/dns/name.js';
import { parseZone } from '../src/dns/zone-text/parser.js';
import { TYPE } from '../src/dns/types.js';
import { EmbeddedNameserver } from '../src/nameservers/embedded/embedded.js';
import type { ZoneChange } from '../src/nameservers/nameserver.js';
import { createLog } from '../src/operations/log.js';
import { zoneName } from '../src/zones/zone-name.js';
import { hostingZone } from '../test/hosting-zones.js';

/*
 * The embedded nameserver: time to load zones of 14 records and read them back, memory they take, and answers a second
 * to questions that another thread of the same machine asks. Argument: how many zones (10,000 where absent).
 */
const SECONDS = 5;
const WINDOW = 100;
const SERIAL = 2026010101;

const print = (what: string, value: string): void => void process.stdout.write(`${what.padEnd(44)} ${value}\n`);
const megabytes = (): number => {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return (heapUsed + external) / 1e6;
};

async function measure(count: number): Promise<void> {
  const server = new EmbeddedNameserver({
    listen: [{ host: '127.0.0.1', port: 0 }],
    version: 'bench',
    log: createLog({ level: 'silent' }),
  });
  await server.start();
  const before = megabytes();
  let parsing = 0;
  let applying = 0;
  for (let at = 0; at < count; at += 500) {
    let from = performance.now();
    const batch = Array.from({ length: Math.min(500, count - at) }, (_, k): ZoneChange => {
      const zone = hostingZone(at + k, 'embedded', SERIAL);
      const name = zoneName(zone.name);
      const { records } = parseZone(zone.text, name);
      return { kind: 'upsert', name, file: '', serial: SERIAL, isNew: true, records };
    });
    parsing += performance.now() - from;
    from = performance.now();
    const applied = await server.apply(batch);
    applying += performance.now() - from;
    if (applied.some(({ outcome }) => outcome !== 'served')) throw new Error('a zone is not served');
  }
  print(`parse ${count} zones`, `${Math.round(count / (parsing / 1000))} zones/s`);
  print('put into service and read back over UDP', `${Math.round(count / (applying / 1000))} zones/s`);
  print(
    'memory',
    `${(megabytes() - before).toFixed(1)} MB${globalThis.gc === undefined ? ' (run with --expose-gc)' : ''}`,
  );

  const worker = new Worker(fileURLToPath(import.meta.url), { workerData: { port: server.dns.port, count } });
  const answers = await new Promise<number>((resolve, reject) => {
    worker.on('message', resolve);
    worker.on('error', reject);
  });
  await worker.terminate();
  print('answers (asked from the same machine)', `${Math.round(answers / SECONDS)} /s`);
  await server.stop();
}

/** Keeps a window of questions under way for some seconds; what is lost is asked again after a while. */
function ask({ port, count }: { port: number; count: number }): void {
  const questions = Array.from({ length: 2000 }, (_, i) => {
    const host = ['', 'www.', 'mail.', 'nothing.'][i % 4] ?? '';
    const name = parseName(`${host}customer-${(i * 7919) % count}.example.`);
    return encodeMessage({
      ...{
        id: i,
        response: false,
        opcode: 0,
        rcode: 0,
        aa: false,
        tc: false,
        rd: false,
        ra: false,
        ad: false,
        cd: false,
      },
      ...{
        questions: [{ name, type: i % 3 === 0 ? TYPE.MX : TYPE.A, class: 1 }],
        answer: [],
        authority: [],
        additional: [],
      },
      edns: { udpSize: 1232, version: 0, dnssecOk: false, options: '' },
    });
  });
  const socket = createSocket('udp4');
  let next = 0;
  let answered = 0;
  const send = (): void => socket.send(questions[next++ % questions.length] ?? '');
  socket.on('message', () => {
    answered++;
    send();
  });
  socket.connect(port, '127.0.0.1', () => {
    for (let i = 0; i < WINDOW; i++) send();
    setTimeout(() => parentPort?.postMessage(answered), SECONDS * 1000);
  });
}

if (isMainThread) await measure(Number(process.argv[2] ?? 10_000));
else ask(workerData as { port: number; count: number });
