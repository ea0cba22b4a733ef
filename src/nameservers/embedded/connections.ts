import type { Socket } from 'node:net';
import { networkOf } from './network.js';

const MOST = 256;
const MOST_OF_ONE = 32;
/** An address, and of IPv6 what one customer has. */
const ONE = { ipv4: 32, ipv6: 56 };

/**
 * The TCP connections of one listener. Nobody is turned away, and nobody takes all: where an address, or all together,
 * have too many, the one whose last answer is the longest ago makes room (RFC 7766 §6.2.3, RFC 9210 §4.2).
 */
export class Connections {
  /** With the network of each; in the order of their last answers. */
  readonly #open = new Map<Socket, string>();

  add(socket: Socket): void {
    const network = networkOf(socket.remoteAddress ?? '', ONE);
    const ofOne = [...this.#open].filter(([, other]) => other === network);
    const [longestIdle] = ofOne.length >= MOST_OF_ONE ? (ofOne[0] ?? []) : [];
    if (longestIdle !== undefined) this.#end(longestIdle, 'others from this address came');
    const [oldest] = this.#open.keys();
    if (oldest !== undefined && this.#open.size >= MOST) this.#end(oldest, 'others came');
    this.#open.set(socket, network);
    socket.once('close', () => this.#open.delete(socket));
  }

  /** A connection is used. */
  answered(socket: Socket): void {
    const network = this.#open.get(socket);
    if (network === undefined) return;
    this.#open.delete(socket);
    this.#open.set(socket, network);
  }

  closeAll(): void {
    for (const socket of this.#open.keys()) this.#end(socket, 'the nameserver stops');
  }

  #end(socket: Socket, why: string): void {
    this.#open.delete(socket);
    socket.destroy(new Error(why));
  }
}
