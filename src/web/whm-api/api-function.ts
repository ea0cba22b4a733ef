import { z } from 'zod';
import type { TokenStore } from '../../access/tokens.js';
import type { HostAccounts } from '../../host/host-panel.js';
import type { AuditLog } from '../../operations/audit-log.js';
import type { Notifications } from '../../notifications/notifications.js';
import type { ApiRequest } from '../requests/api-request.js';

/** What functions work with beside the cluster. */
export interface ApiStores {
  tokens: TokenStore;
  /** Where it is kept who changed what; `listaudit` lists nothing without it. */
  audit?: AuditLog | undefined;
  /** Who is told what; nobody where absent. */
  notifications?: Notifications | undefined;
  /** The host's users, where they can be changed here. */
  accounts?: HostAccounts | undefined;
}

/** One function of the API: what it takes, the privilege that it needs, what it does and what it answers. */
export interface ApiFunction<Shape extends z.ZodRawShape = z.ZodRawShape, Answer extends z.ZodType = z.ZodType> {
  /** In one line, for the description of the API. */
  summary: string;
  /** Null: every holder of a token may call it. */
  privilege: string | null;
  parameters: z.ZodObject<Shape>;
  /** The `data` of its answer: `run` is held to it, the description of the API and the command line read it. */
  answer: Answer;
  run: (parameters: never, request: ApiRequest, stores: ApiStores) => unknown;
}

/** A value that becomes JSON, in which lists and fields may be read-only. */
type Given<T> = T extends object ? { readonly [Key in keyof T]: Given<T[Key]> } : T;
type Run<Shape extends z.ZodRawShape, Data> = (
  parameters: z.infer<z.ZodObject<Shape>>,
  request: ApiRequest,
  stores: ApiStores,
) => Data | Reasoned<Data> | Promise<Data | Reasoned<Data>>;

/** Ties the types of `parameters`, `answer` and `run` together. */
export function apiFunction<Shape extends z.ZodRawShape, Answer extends z.ZodType>(definition: {
  summary: string;
  privilege: string | null;
  parameters: Shape;
  answer: Answer;
  run: Run<Shape, Given<z.input<NoInfer<Answer>>>>;
}): ApiFunction<Shape, Answer> {
  return { ...definition, parameters: z.object(definition.parameters) };
}

/** An answer whose reason says more than `OK`. */
export class Reasoned<Data = unknown> {
  constructor(
    /** A sentence. */
    readonly reason: string,
    readonly data: Data,
  ) {}
}

/** The answer of a function that has nothing to say but that it is done. */
export const nothing = z.object({});
/** A word of an answer: one of these, or one that only a later version knows. */
export const wordOf = (...words: readonly string[]): z.ZodString => z.string().meta({ examples: [...words] });

/** A parameter's octets, as zone text is. */
export const octets = z.instanceof(Buffer, { error: 'is missing' }).meta({ type: 'string' });
/** A parameter as text. */
export const text = octets.transform((value) => value.toString('utf8')).meta({ type: 'string' });
/** A whole number. */
export const whole = text
  .pipe(z.string().regex(/^[0-9]{1,10}$/, 'must be a whole number'))
  .transform(Number)
  .meta({ type: 'integer', minimum: 0 });
/** A port. */
export const port = whole
  .refine((value) => value >= 1 && value <= 65_535, 'must be a port, 1 to 65535')
  .meta({ type: 'integer', minimum: 1, maximum: 65_535 });
/** A certificate's SHA-256 fingerprint, in the spelling that is pinned. */
export const fingerprint = text
  .transform((value) => value.trim().toUpperCase())
  .pipe(z.string().regex(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/, 'must be 32 pairs of hex digits with colons'))
  .meta({ type: 'string', pattern: '^([0-9A-F]{2}:){31}[0-9A-F]{2}$' });
/** `1` or `0`. */
export const flag = text
  .pipe(z.enum(['0', '1'], { error: 'must be 0 or 1' }))
  .transform((value) => value === '1')
  .meta({ type: 'string', enum: ['0', '1'] });
/** A parameter that may come several times, or numbered as `name-1`: empty where it was not sent. */
export const many = <Item extends z.ZodType>(item: Item): z.ZodArray<Item> => z.array(item);
