import express, { type Request, type RequestHandler } from 'express';
import { z } from 'zod';
import { ClusterError } from '../../errors.js';

const MEBIBYTE = 1024 * 1024;
/** Percent-encoding can make three bytes of one, and a browser sends two for each end of a line. */
const LARGEST_ZONE_FORM = 3 * 16 * MEBIBYTE + 64 * 1024;

/** Reads the bodies of forms that hold a zone's text. */
export const zoneTextForm: RequestHandler = express.urlencoded({
  extended: false,
  limit: LARGEST_ZONE_FORM,
  parameterLimit: 20,
});
/** Reads all other forms; does nothing where the body was read. */
export const smallForm: RequestHandler = express.urlencoded({ extended: false, limit: '32kb', parameterLimit: 60 });

/** The hidden field that names the revision which the form shows. */
export const seen = z.string().max(100).optional();

/** A form's fields, checked. Throws parameter_invalid with the first field that is wrong. */
export function readForm<S extends z.ZodType>(schema: S, request: Request): z.output<S> {
  const read = schema.safeParse(request.body ?? {});
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw new ClusterError('parameter_invalid', {
    parameter: issue?.path.join('.') ?? '',
    why: issue?.code === 'custom' || issue?.code === 'invalid_format' ? issue.message : 'is missing or not valid',
  });
}

/** A field's text as it was sent, for showing a refused form again; empty where there is none. */
export function sentText(request: Request, field: string): string {
  const value = ((request.body ?? {}) as Record<string, unknown>)[field];
  return typeof value === 'string' ? value : '';
}

/** All values of a field that may come several times, as boxes do. */
export function sentTexts(request: Request, field: string): string[] {
  const value = ((request.body ?? {}) as Record<string, unknown>)[field];
  return (Array.isArray(value) ? value : [value]).filter((text): text is string => typeof text === 'string');
}

/** A whole number in a text field; an empty or missing field is `otherwise`. */
export function wholeNumber(low: number, high: number, otherwise?: number): z.ZodType<number> {
  return z
    .string()
    .trim()
    .default('')
    .transform((text) => (text === '' && otherwise !== undefined ? otherwise : Number(text === '' ? NaN : text)))
    .refine(
      (value) => Number.isInteger(value) && value >= low && value <= high,
      `must be a number from ${low} to ${high}`,
    );
}
