import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Express } from 'express';
import request from 'supertest';
import { TokenStore } from '../../src/access/tokens.js';
import type { Cluster } from '../../src/cluster/cluster.js';
import { percentEncode } from '../../src/wire-format/percent.js';
import { createLog } from '../../src/operations/log.js';
import { createApi } from '../../src/web/api.js';
import { loneCluster } from '../cluster/lone-cluster.js';

const log = createLog({ level: 'silent' });

/** The API in front of a cluster of one server, and a peer with a token that calls it as the vendor's client does. */
export class WireApi {
  readonly folder: string;
  readonly cluster: Cluster;
  readonly tokens: TokenStore;
  readonly app: Express;
  /** Of root, with the privilege `clustering`. */
  readonly secret: string;

  private constructor(folder: string, cluster: Cluster, tokens: TokenStore, secret: string) {
    this.folder = folder;
    this.cluster = cluster;
    this.tokens = tokens;
    this.secret = secret;
    this.app = createApi({ cluster, tokens, version: '0.1.0', log });
  }

  static async start(): Promise<WireApi> {
    const folder = mkdtempSync(join(tmpdir(), 'wire-'));
    const tokens = await TokenStore.open(join(folder, 'tokens.json'), { log });
    const { secret } = await tokens.create({ user: 'root', kind: 'root', name: 'peer', privileges: ['clustering'] });
    return new WireApi(folder, await loneCluster(folder), tokens, secret);
  }

  async end(): Promise<void> {
    await this.tokens.close();
    await this.cluster.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** An octet-stream body that is a form. */
  post(call: string, fields: Record<string, string>, authorization = `whm root:${this.secret}`): request.Test {
    return request(this.app)
      .post(`/scripts2/${call}`)
      .set('Authorization', authorization)
      .set('Content-Type', 'application/octet-stream')
      .send(Buffer.from(form(fields)));
  }

  get(path: string, authorization = `whm root:${this.secret}`): request.Test {
    return request(this.app).get(path).set('Authorization', authorization);
  }
}

/** `key=value&key=value`, percent-encoded. */
export function form(fields: Record<string, string>): string {
  return Object.entries(fields)
    .map(
      ([key, value]) => `${percentEncode(Buffer.from(key)).toString()}=${percentEncode(Buffer.from(value)).toString()}`,
    )
    .join('&');
}

/** A whole zone with this serial. */
export function zoneText(serial: number): string {
  return `$TTL 60\n@ SOA ns1.example.net. h.example.net. ${serial} 1 1 1 1\n@ NS ns1.example.net.\n`;
}
