import { readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { z } from 'zod';
import { sentenceOf } from '../errors.js';
import { defined } from '../operations/defined.js';
import type { Log } from '../operations/log.js';
import { guardedBackend } from './guarded-backend.js';
import { CPANEL, type MemberType } from './member-type.js';

const field = z.object({
  name: z.string().regex(/^[a-z0-9_]{1,40}$/),
  label: z.string().min(1).max(100),
  type: z.enum(['text', 'bigtext', 'binary', 'radio', 'ip']),
  default: z.string().optional(),
  options: z.array(z.object({ value: z.string(), label: z.string() })).optional(),
  help: z.string().optional(),
  secret: z.literal(true).optional(),
});
/** Names of the files that a folder is searched for. */
const MODULE = /\.[cm]?js$/;
/** Names that the rows of members use themselves. */
const TAKEN = new Set(['type', 'role', 'member', 'api.version']);
const memberType = z.looseObject({
  type: z
    .string()
    .regex(/^[a-z0-9-]{1,40}$/)
    .refine((type) => type !== CPANEL, 'is the name of the built-in type'),
  label: z.string().min(1).max(60),
  fields: z.array(field.refine(({ name }) => !TAKEN.has(name), 'has a name that is taken')).max(40),
  create: z.custom<MemberType['create']>((value) => typeof value === 'function', 'is no function'),
});

/**
 * Member types that an operator names: files and folders of files (absolute, or beginning with `.`, from the working
 * folder) or npm packages, each exporting `memberType`. One that can't be loaded is left out and logged: the cluster
 * runs without it, and its members say so.
 */
export async function ownMemberTypes(names: readonly string[], log: Log): Promise<MemberType[]> {
  const types: MemberType[] = [];
  for (const name of (await Promise.all(names.map(modulesOf))).flat()) {
    try {
      const module = (await import(isPath(name) ? pathToFileURL(name).href : name)) as Record<string, unknown>;
      const inner = module['default'] as Record<string, unknown> | undefined;
      const exported = module['memberType'] ?? inner?.['memberType'];
      const read = memberType.safeParse(exported);
      if (!read.success) throw new Error(faultOf(read.error));
      const own = exported as MemberType;
      const { type, label, fields, resellers } = own;
      // On the object itself: its `create` may use what else it has.
      types.push({
        type,
        label,
        fields,
        ...defined({ resellers }),
        create: (values, context) => guardedBackend(own.create(values, context), label),
      });
    } catch (error) {
      log.error({ memberType: name, error: sentenceOf(error) }, 'a member type of the settings can not be used');
    }
  }
  return types;
}

function isPath(name: string): boolean {
  return name.startsWith('.') || name.startsWith('/');
}

/** The files of a folder; all others stand for themselves. What is not there is found out when it is loaded. */
async function modulesOf(name: string): Promise<string[]> {
  if (!isPath(name)) return [name];
  const path = resolve(name);
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) return [path];
  const files = await readdir(path);
  return files
    .filter((file) => MODULE.test(file))
    .sort()
    .map((file) => join(path, file));
}

function faultOf({ issues }: z.ZodError): string {
  const [first] = issues;
  return `memberType.${first?.path.join('.') ?? ''}: ${first?.message ?? 'is not valid'}`;
}
