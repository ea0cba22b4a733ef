import { randomInt } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { sentenceOf } from '../../errors.js';
import { decodeMessage, encodeMessage, LENGTH_SIZE, type RndcMessage } from './rndc-message.js';
import type { RndcKey } from './rndc-key.js';

/** named's reply to one command. */
export interface RndcReply {
  /** The isc_result code, 0 for success. */
  result: number;
  /** Text of that code, as `already exists`; empty on success. */
  error: string;
  /** What rndc would print. */
  text: string;
}

/** Milliseconds until connection and handshake must be through; named answers both at once unless it is busy. */
const CONNECT_TIMEOUT = 5_000;
/** `_exp` only has to lie in the future; named holds a clock skew of 300 s against `_tim`. */
const LIFETIME = 60;
/** Largest reply that is read: text for a person, some kB at most. */
const MAX_REPLY = 1 << 20;

/** named has the command and may still be at it. */
export class RndcTimeout extends Error {}

interface Awaited {
  serial: string;
  resolve: (message: RndcMessage) => void;
  reject: (error: Error) => void;
  timer: NodeJS.Timeout;
}

/**
 * One connection to named's control channel. It stays open between commands: connecting and the exchange of the nonce
 * cost more than most commands. One command at a time; a lost connection rejects the command under way, whose effect is
 * then unknown.
 */
export class RndcConnection {
  readonly #key: RndcKey;
  readonly #socket: Socket;
  #received = Buffer.alloc(0);
  #awaited: Awaited | undefined;
  // 32 bits. named drops a message whose serial and time it has seen before, from any connection.
  #serial = randomInt(2 ** 31);
  #nonce = '';
  #connected = false;
  #closed: Error | undefined;

  private constructor(socket: Socket, key: RndcKey, onClose: (connection: RndcConnection) => void) {
    this.#socket = socket;
    this.#key = key;
    socket.setNoDelay();
    socket.on('connect', () => {
      this.#connected = true;
    });
    socket.on('data', (octets) => this.#read(octets));
    socket.on('error', (error) => this.#fail(this.#hungUp(error.message)));
    socket.on('close', () => {
      this.#fail(this.#hungUp('named closed the control connection'));
      onClose(this);
    });
  }

  /** Connects and shakes hands. Rejects with a plain Error that says why. */
  static async open(
    server: { host: string; port: number },
    key: RndcKey,
    onClose: (connection: RndcConnection) => void,
  ): Promise<RndcConnection> {
    const connection = new RndcConnection(connect(server), key, onClose);
    try {
      const { _ctrl: control } = await connection.#exchange('null', CONNECT_TIMEOUT);
      connection.#nonce = text(control, '_nonce');
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  /** Runs one command, as `reload example.com`. Rejects where no reply came; a refusal is a reply. */
  async command(command: string, timeout: number): Promise<RndcReply> {
    const { _data: data } = await this.#exchange(command, timeout);
    return { result: Number(text(data, 'result') || 0), error: text(data, 'err'), text: text(data, 'text') };
  }

  get isOpen(): boolean {
    return this.#closed === undefined;
  }

  close(): void {
    this.#fail(new Error('the control connection was closed'));
  }

  #exchange(command: string, timeout: number): Promise<RndcMessage> {
    return new Promise((resolve, reject) => {
      if (this.#closed !== undefined) {
        reject(this.#closed);
        return;
      }
      const serial = String(++this.#serial);
      const timer = setTimeout(() => this.#fail(new RndcTimeout(`named gave no reply within ${timeout} ms`)), timeout);
      this.#awaited = { serial, resolve, reject, timer };
      const now = Math.floor(Date.now() / 1000);
      const control = { _ser: serial, _tim: String(now), _exp: String(now + LIFETIME) };
      const message: RndcMessage = {
        _ctrl: this.#nonce === '' ? control : { ...control, _nonce: this.#nonce },
        _data: { type: command },
      };
      this.#socket.write(encodeMessage(message, this.#key));
    });
  }

  #read(octets: Buffer): void {
    this.#received = Buffer.concat([this.#received, octets]);
    if (this.#received.length < LENGTH_SIZE) return;
    const length = LENGTH_SIZE + this.#received.readUInt32BE();
    if (length > MAX_REPLY) {
      this.#fail(new Error(`named sent a reply of ${length} octets`));
      return;
    }
    if (this.#received.length < length) return;
    const awaited = this.#awaited;
    try {
      const message = decodeMessage(this.#received.subarray(0, length), this.#key);
      this.#received = this.#received.subarray(length);
      if (awaited === undefined || text(message['_ctrl'], '_ser') !== awaited.serial) {
        throw new Error('it is no reply to our command');
      }
      this.#awaited = undefined;
      clearTimeout(awaited.timer);
      awaited.resolve(message);
    } catch (error) {
      this.#fail(new Error(`named's reply is not usable: ${sentenceOf(error)}`, { cause: error }));
    }
  }

  /** named says nothing to a message that its key did not sign, it hangs up. */
  #hungUp(why: string): Error {
    const early = this.#connected && this.#nonce === '';
    return new Error(early ? `${why}; is the key the one of its controls statement?` : why);
  }

  #fail(error: Error): void {
    this.#closed ??= error;
    this.#socket.destroy();
    const awaited = this.#awaited;
    this.#awaited = undefined;
    clearTimeout(awaited?.timer);
    awaited?.reject(error);
  }
}

function text(table: string | RndcMessage | undefined, key: string): string {
  const value = typeof table === 'object' ? table[key] : undefined;
  return typeof value === 'string' ? value : '';
}
