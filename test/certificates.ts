import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A certificate with its key, in PEM. */
export interface Pair {
  key: string;
  cert: string;
}

function openssl(folder: string, ...args: string[]): void {
  execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
}

/** A self-signed certificate, with a key that is made for it where none is given. Files are made in `folder`. */
export function selfSigned(folder: string, name: string, key?: string): Pair {
  if (key === undefined) openssl(folder, 'ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', 'made.key');
  else writeFileSync(join(folder, 'made.key'), key);
  const names = `subjectAltName=DNS:${name},IP:127.0.0.1`;
  const subject = ['-subj', `/CN=${name}`, '-addext', names, '-days', '365'];
  openssl(folder, 'req', '-x509', '-new', '-key', 'made.key', ...subject, '-out', 'made.crt');
  return readPair(folder, 'made');
}

/** A certificate authority: signs certificates for names of DNS and addresses (`DNS:ns1.example.net,IP:127.0.0.1`). */
export function authority(folder: string): { cert: string; sign: (names: string) => Pair } {
  openssl(folder, 'ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', 'ca.key');
  openssl(folder, 'req', '-x509', '-new', '-key', 'ca.key', '-subj', '/CN=CA', '-days', '365', '-out', 'ca.crt');
  const { cert } = readPair(folder, 'ca');
  const sign = (names: string): Pair => {
    openssl(folder, 'ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', 'signed.key');
    openssl(folder, 'req', '-new', '-key', 'signed.key', '-subj', '/CN=signed', '-out', 'signed.csr');
    writeFileSync(join(folder, 'signed.ext'), `subjectAltName=${names}\n`);
    const by = ['-CA', 'ca.crt', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '30', '-extfile', 'signed.ext'];
    openssl(folder, 'x509', '-req', '-in', 'signed.csr', ...by, '-out', 'signed.crt');
    return readPair(folder, 'signed');
  };
  return { cert, sign };
}

function readPair(folder: string, name: string): Pair {
  const [key, cert] = ['key', 'crt'].map((end) => readFileSync(join(folder, `${name}.${end}`), 'utf8'));
  return { key: key ?? '', cert: cert ?? '' };
}
