import { createPrivateKey } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { ifMissing, sentenceOf } from '../errors.js';
import type { Log } from '../operations/log.js';
import {
  givenCertificate,
  ownCertificate,
  ownCertificateFiles,
  type Certificate,
  type CertificateFiles,
} from '../state/certificate.js';
import { dropTemporaries, replaceFile } from '../state/durable-file.js';
import { keyPinOf } from '../state/key-pin.js';
import { keyStatements, MOST_STATEMENTS, stateSuccessor, type KeyStatement } from './key-statements.js';

/** How often the files are compared with what is shown, milliseconds. */
const LOOK_EVERY = 15_000;

/** The key that was shown last, so that it can sign the next one even if that came while the server was stopped. */
const memory = z.object({ key: z.string(), statements: keyStatements });

interface ShownCertificateOptions {
  /** Of the certificate that is made for `hostname` and `addresses` where none is given, and of the remembered key. */
  folder: string;
  hostname: string;
  addresses: readonly string[];
  given?: CertificateFiles | undefined;
  log: Log;
  /** Milliseconds between two looks at the files. */
  every?: number;
}

/** The certificate that this server shows: taken anew when its files change. Each new key is signed by the last one. */
export class ShownCertificate {
  readonly #files: CertificateFiles;
  /** As secret as the key, which is in it. */
  readonly #memory: string;
  readonly #log: Log;
  readonly #every: number;
  #current: Certificate;
  #statements: readonly KeyStatement[] = [];
  #fault: string | undefined;
  #isTold = false;
  #taken: (certificate: Certificate) => void = () => undefined;
  #timer: NodeJS.Timeout | undefined;
  #looking: Promise<void> = Promise.resolve();

  private constructor(current: Certificate, { folder, given, log, every = LOOK_EVERY }: ShownCertificateOptions) {
    this.#current = current;
    this.#files = given ?? ownCertificateFiles(folder);
    this.#memory = join(folder, 'announced.json');
    this.#log = log;
    this.#every = every;
  }

  /** Rejects with certificate_unusable or own_certificate_damaged. */
  static async open(options: ShownCertificateOptions): Promise<ShownCertificate> {
    const { folder, hostname, addresses, given } = options;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const found = await (given === undefined ? ownCertificate(folder, hostname, addresses) : givenCertificate(given));
    const shown = new ShownCertificate(found, options);
    await shown.#remember(await shown.#lastKey());
    return shown;
  }

  get current(): Certificate {
    return this.#current;
  }

  /** What its keys said of those that followed them, the oldest first. */
  get statements(): readonly KeyStatement[] {
    return this.#statements;
  }

  /** Why the files can't be taken as they are now: what was shown before is shown still. */
  get fault(): string | undefined {
    return this.#isTold ? this.#fault : undefined;
  }

  /** Looks at the files from now on; `taken` is told of each other certificate. */
  watch(taken: (certificate: Certificate) => void): void {
    this.#taken = taken;
    this.#timer ??= setInterval(() => void this.look(), this.#every).unref();
  }

  /** Looks at the files now. */
  look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#look());
    return this.#looking;
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  async #look(): Promise<void> {
    try {
      const found = await givenCertificate(this.#files);
      this.#fault = undefined;
      this.#isTold = false;
      if (found.cert === this.#current.cert && found.key === this.#current.key) return;
      const { key: last } = this.#current;
      this.#current = found;
      await this.#remember(last);
      this.#log.warn({ fingerprint: found.fingerprint }, 'a new certificate is shown from now on');
      this.#taken(found);
    } catch (error) {
      const fault = sentenceOf(error);
      // Told at the second look: at the first one, somebody may be writing the files.
      if (fault === this.#fault && !this.#isTold) {
        this.#isTold = true;
        this.#log.error({ error: fault }, 'the certificate on disk was not taken; the one of before is shown');
      }
      this.#fault = fault;
    }
  }

  /** The key of the last run; ours where nothing of it is known. */
  async #lastKey(): Promise<string> {
    const file = this.#memory;
    await dropTemporaries(file);
    const text = await readFile(file, 'utf8').catch(ifMissing(undefined));
    if (text === undefined) return this.#current.key;
    try {
      const { key, statements } = memory.parse(JSON.parse(text));
      createPrivateKey(key);
      this.#statements = statements;
      return key;
    } catch (error) {
      this.#log.error({ file, error: sentenceOf(error) }, 'the last key cannot be read: it signs no other one');
      return this.#current.key;
    }
  }

  /** Has the last key sign the present one where that is another, and keeps both. */
  async #remember(last: string): Promise<void> {
    const { key, keyPin } = this.#current;
    const file = this.#memory;
    if (keyPinOf(createPrivateKey(last)) !== keyPin) {
      this.#statements = [...this.#statements, stateSuccessor(last, keyPin)].slice(-MOST_STATEMENTS);
    }
    const text = `${JSON.stringify({ key, statements: this.#statements }, undefined, 2)}\n`;
    if (text === (await readFile(file, 'utf8').catch(() => undefined))) return;
    // The statement stands in memory at least, and is made again at the next start.
    await replaceFile(file, text, 0o600).catch((error: unknown) => {
      this.#log.error({ file, error: sentenceOf(error) }, 'what the last key said of this one could not be kept');
    });
  }
}
