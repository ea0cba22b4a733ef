/*
 * Messages of Knot's control socket (libknot, control.h): units of one octet, DATA with items behind it, each item a
 * code, a length of two octets and the value. BLOCK ends a command and a reply.
 */
const DATA = 0x01;
const EXTRA = 0x02;
const BLOCK = 0x03;

const ITEMS = {
  command: 0x10,
  flags: 0x11,
  error: 0x12,
  section: 0x13,
  item: 0x14,
  id: 0x15,
  zone: 0x16,
  owner: 0x17,
  ttl: 0x18,
  type: 0x19,
  data: 0x1a,
  filter: 0x1b,
} as const;

type ItemName = keyof typeof ITEMS;
const NAMES = new Map<number, ItemName>(Object.entries(ITEMS).map(([name, code]) => [code, name as ItemName]));
const LONGEST_ITEM = 0xffff;

/** The items of one command, as `{ command: 'zone-reload', zone: 'example.org' }`. */
export type KnotCommand = { command: string } & Partial<Record<Exclude<ItemName, 'command' | 'error'>, string>>;

/** What came back: the error, where Knot refused it, and rows of items. */
export interface KnotReply {
  error?: string;
  rows: Partial<Record<ItemName, string>>[];
}

export function encodeCommand(command: KnotCommand): Buffer {
  const parts = [Buffer.from([DATA])];
  for (const [name, code] of Object.entries(ITEMS)) {
    const value = command[name as keyof KnotCommand];
    if (value === undefined) continue;
    const octets = Buffer.from(value);
    if (octets.length > LONGEST_ITEM) throw new Error('a value is too long for the control socket of Knot');
    parts.push(Buffer.from([code, octets.length >> 8, octets.length & 0xff]), octets);
  }
  return Buffer.concat([...parts, Buffer.from([BLOCK])]);
}

/** The first reply in these octets, and its length; nothing where it is not whole yet. Throws where it is no reply. */
export function readReply(octets: Buffer): { reply: KnotReply; length: number } | undefined {
  const reply: KnotReply = { rows: [] };
  for (let at = 0; at < octets.length;) {
    const code = octets.readUInt8(at);
    if (code === BLOCK) return { reply, length: at + 1 };
    if (code === DATA || code === EXTRA) {
      reply.rows.push({});
      at += 1;
      continue;
    }
    const name = NAMES.get(code);
    const row = reply.rows.at(-1);
    if (name === undefined || row === undefined) throw new Error('its reply makes no sense');
    if (at + 3 > octets.length) return undefined;
    const end = at + 3 + octets.readUInt16BE(at + 1);
    if (end > octets.length) return undefined;
    row[name] = octets.toString('utf8', at + 3, end);
    if (name === 'error') reply.error = row[name];
    at = end;
  }
  return undefined;
}
