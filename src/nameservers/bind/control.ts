import pLimit from 'p-limit';
import { ClusterError, sentenceOf } from '../../errors.js';
import { RndcConnection, RndcTimeout, type RndcReply } from './rndc-connection.js';
import type { RndcKey } from './rndc-key.js';

/** named runs commands of all connections one after the other; four keep it busy while replies travel and are read. */
const CONNECTIONS = 4;
/**
 * Milliseconds for one command; named answers before it loads, and is silent for some 7 s while it reads 100,000 zone
 * statements.
 */
const TIMEOUT = 15_000;

/** Where and how to reach a control channel. */
export interface RndcServer {
  host: string;
  port: number;
  key: RndcKey;
}

/** named's control channel: the protocol of rndc, over connections that are held open. */
export class RndcChannel {
  readonly #server: RndcServer;
  readonly #onLost: () => void;
  readonly #limit = pLimit(CONNECTIONS);
  #idle: RndcConnection[] = [];
  readonly #open = new Set<RndcConnection>();
  #closed = false;

  /** `onLost` is called whenever a connection ends that was not closed by us: named went away, perhaps to come back. */
  constructor(server: RndcServer, onLost: () => void = () => undefined) {
    this.#server = server;
    this.#onLost = onLost;
  }

  /**
   * Runs a command, at most four at a time. A refusal by named is a reply; rejects with nameserver_unavailable where no
   * reply came, and then it is not known whether named did it. It may be run twice, see below; every command here
   * stands that.
   */
  command(command: string, timeout = TIMEOUT): Promise<RndcReply> {
    return this.#limit(async () => {
      try {
        return await this.#run(command, timeout);
      } catch (error) {
        const { host, port } = this.#server;
        const facts = { software: 'BIND', where: `${host}:${port}`, why: sentenceOf(error) };
        throw new ClusterError('nameserver_unavailable', facts, { cause: error });
      }
    });
  }

  /** Idempotent. Commands under way are rejected. */
  close(): void {
    this.#closed = true;
    for (const connection of this.#open) connection.close();
  }

  async #run(command: string, timeout: number): Promise<RndcReply> {
    const idle = this.#takeIdle();
    if (idle !== undefined) {
      try {
        return await this.#over(idle, command, timeout);
      } catch (error) {
        // named drops a connection that was idle for 30 s, and may do so while our command is on its way.
        if (error instanceof RndcTimeout) throw error;
      }
    }
    return this.#over(await this.#connect(), command, timeout);
  }

  async #over(connection: RndcConnection, command: string, timeout: number): Promise<RndcReply> {
    const reply = await connection.command(command, timeout);
    this.#idle.push(connection);
    return reply;
  }

  #takeIdle(): RndcConnection | undefined {
    this.#idle = this.#idle.filter((connection) => connection.isOpen);
    return this.#idle.pop();
  }

  async #connect(): Promise<RndcConnection> {
    if (this.#closed) throw new Error('the channel was closed');
    // An attempt that fails was never held, so its end is no loss.
    const connection = await RndcConnection.open(this.#server, this.#server.key, (ended) => {
      if (this.#open.delete(ended) && !this.#closed) this.#onLost();
    });
    this.#open.add(connection);
    return connection;
  }
}
