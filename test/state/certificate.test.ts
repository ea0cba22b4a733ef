import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ownCertificate, type Certificate } from '../../src/state/certificate.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'certificate-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function open(): Promise<Certificate> {
  return ownCertificate(folder, 'ns1.example.net', ['127.0.0.1']);
}

describe("a server's own certificate", () => {
  test('is the same after each start, and its key is for nobody else', async () => {
    const first = await open();
    expect(await open()).toEqual(first);
    expect(statSync(join(folder, 'tls.key')).mode & 0o777).toBe(0o600);
  });

  test('is made anew where the one of before was not finished', async () => {
    const first = await open();
    rmSync(join(folder, 'tls.crt'));
    const second = await open();
    expect(second.fingerprint).not.toBe(first.fingerprint);
    expect(await open()).toEqual(second);
  });

  test.each(['tls.crt', 'tls.key'])('that is damaged (%s) is not replaced: its members know it', async (file) => {
    await open();
    const damaged = readFileSync(join(folder, file)).subarray(0, 60);
    writeFileSync(join(folder, file), damaged);
    await expect(open()).rejects.toMatchObject({ code: 'own_certificate_damaged' });
    expect(readFileSync(join(folder, file))).toEqual(damaged);
  });
});
