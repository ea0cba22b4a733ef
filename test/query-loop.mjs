// A process that asks a nameserver at a steady rate until it is told to end, and judges every answer with a codec that
// is not ours.
import { Buffer } from 'node:buffer';
import { createSocket } from 'node:dgram';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { setInterval, clearInterval, setTimeout } from 'node:timers';
import dnsPacket from 'dns-packet';

/**
 * Milliseconds after which a question counts as unanswered. It is asked once: a resolver would ask again much sooner.
 */
const PATIENCE = 5_000;
/**
 * So many at a time where this process itself was held up: it must not fill the server's receive buffer by its own
 * fault.
 */
const MOST_AT_ONCE = 20;
const RECEIVE_BUFFER = 4 << 20;
const MOST_NAMED = 20;
const UDP_PAYLOAD = 1_232;

/** An answer as one text, to be compared: the data of all records of the type that was asked. */
const SPELL = {
  SOA: ({ serial }) => String(serial),
  A: (address) => address,
  TXT: (strings) => Buffer.concat(strings).toString('latin1'),
};

let questions = [];
/** Number of a question → what was asked, when, and the oldest version that may come. */
const waiting = new Map();
/** The version that each zone was last seen at. */
const seen = new Map();
const latencies = [];
const report = { asked: 0, answered: 0, byVersion: [], unanswered: [], wrong: [] };
let number = 0;

function note(list, what) {
  if (list.length < MOST_NAMED) list.push(what);
}

function ask(socket) {
  const question = questions[(number * 7_919) % questions.length];
  const id = number++ & 0xffff;
  if (waiting.has(id)) return;
  waiting.set(id, { question, at: performance.now(), least: seen.get(question.zone) ?? 0 });
  report.asked++;
  socket.send(
    dnsPacket.encode({
      type: 'query',
      id,
      questions: [{ type: question.type, name: question.name, class: 'IN' }],
      additionals: [{ type: 'OPT', name: '.', udpPayloadSize: UDP_PAYLOAD, flags: 0, options: [] }],
    }),
  );
}

function receive(octets) {
  const answer = dnsPacket.decode(octets);
  const asked = waiting.get(answer.id);
  if (asked === undefined) return;
  waiting.delete(answer.id);
  latencies.push(performance.now() - asked.at);
  report.answered++;
  judge(asked, answer);
}

/** The answer must be with authority, of one version, and never of an older one than was seen before it was asked. */
function judge({ question: { zone, name, type, versions }, least }, answer) {
  const text = answer.answers
    .filter((record) => record.type === type && record.name.toLowerCase() === name)
    .map(({ data }) => SPELL[type](data))
    .join('|');
  const version = versions.indexOf(text);
  const what = `${name} ${type}`;
  if (answer.rcode !== 'NOERROR' || !answer.flag_aa || answer.flag_tc || version < 0)
    note(report.wrong, `${what}: ${answer.rcode}, ${answer.flag_aa ? 'with' : 'without'} authority: ${text}`);
  else if (version < least) note(report.wrong, `${what} went back to version ${version}`);
  else {
    seen.set(zone, Math.max(version, seen.get(zone) ?? 0));
    report.byVersion[version] = (report.byVersion[version] ?? 0) + 1;
  }
}

function watchForLost() {
  const oldest = performance.now() - PATIENCE;
  for (const [id, { question, at }] of waiting) {
    if (at > oldest) break;
    waiting.delete(id);
    note(report.unanswered, `${question.name} ${question.type}`);
  }
}

async function start({ host, port, rate, questions: given }) {
  questions = given;
  const socket = createSocket({ type: 'udp4', recvBufferSize: RECEIVE_BUFFER });
  socket.on('message', receive);
  socket.on('error', (error) => note(report.wrong, String(error)));
  await new Promise((resolve) => socket.connect(port, host, resolve));
  const began = performance.now();
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - began) / 1_000) * rate) - number;
    for (let i = 0; i < Math.min(due, MOST_AT_ONCE); i++) ask(socket);
    watchForLost();
  }, 1);
  process.once('message', () => {
    clearInterval(timer);
    report.seconds = (performance.now() - began) / 1_000;
    void end(socket);
  });
  process.send('asking');
}

async function end(socket) {
  while (waiting.size > 0) {
    watchForLost();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  latencies.sort((a, b) => a - b);
  const percentile = (share) => latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * share))];
  process.send({ ...report, p50: percentile(0.5), p99: percentile(0.99), longest: latencies.at(-1) });
  socket.close();
  process.disconnect();
}

process.once('message', (settings) => void start(settings));
process.once('disconnect', () => process.exit(0));
