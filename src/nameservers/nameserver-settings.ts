import { isAbsolute } from 'node:path';
import { z } from 'zod';
import type { NameserverSettings } from './kinds.js';

const path = z.string().refine(isAbsolute, 'must be an absolute path');
const port = z.int().min(1).max(65_535);
const dns = { host: z.string().min(1), port };
const overSocket = z.strictObject({ controlSocket: path, includeFile: path });

/** How settings are checked that come from a file. Their meaning is with the driver of each kind. */
export const nameserverSettings: z.ZodType<NameserverSettings> = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('embedded'), ...dns }),
  z.strictObject({
    kind: z.literal('bind'),
    ...dns,
    operator: z
      .strictObject({ controlHost: z.string().min(1), controlPort: port, keyFile: path, includeFile: path })
      .exactOptional(),
  }),
  z.strictObject({
    kind: z.literal('powerdns'),
    ...dns,
    operator: overSocket.extend({ configFolder: path.exactOptional() }).exactOptional(),
  }),
  z.strictObject({ kind: z.literal('nsd'), ...dns, operator: overSocket.exactOptional() }),
  z.strictObject({ kind: z.literal('knot'), ...dns, operator: overSocket.exactOptional() }),
]);
