import { z } from 'zod';
import type { ApiFunction } from './api-function.js';

/** What JSON Schema says of one parameter. */
type Described = Readonly<Record<string, unknown>>;

const ENVELOPE = {
  type: 'object',
  required: ['metadata'],
  properties: {
    metadata: {
      type: 'object',
      required: ['version', 'command', 'result', 'reason'],
      properties: {
        version: { type: 'integer', const: 1 },
        command: { type: 'string' },
        result: { type: 'integer', enum: [0, 1], description: '0 where the function failed; `reason` says why.' },
        reason: { type: 'string' },
      },
    },
    data: { type: 'object' },
  },
};

/**
 * The description of the API (OpenAPI 3.1), made from the schemas that check its parameters. Every function takes GET and POST
 * alike; POST is described.
 */
export function describeApi(functions: ReadonlyMap<string, ApiFunction>): object {
  const sorted = [...functions].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    openapi: '3.1.0',
    info: {
      title: 'dns-cluster',
      version: '1',
      description:
        'WHM API 1 for DNS zones and tokens, and functions of the cluster in the same style. A logical failure is HTTP 200 with result 0.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: '/json-api' }],
    security: [{ token: [] }, { bearer: [] }],
    paths: Object.fromEntries(sorted.map(([name, called]) => [`/${name}`, { post: operation(name, called) }])),
    components: {
      schemas: { Envelope: ENVELOPE },
      securitySchemes: {
        token: { type: 'apiKey', in: 'header', name: 'Authorization', description: '`whm USER:TOKEN`' },
        bearer: { type: 'http', scheme: 'bearer' },
      },
    },
  };
}

function operation(name: string, { summary, privilege, parameters }: ApiFunction): object {
  const fields = Object.entries(parameters.shape).map(([key, schema]) => [key, schema as z.ZodType] as const);
  const properties = Object.fromEntries(fields.map(([key, schema]) => [key, describe(schema)]));
  const required = fields.flatMap(([key, schema]) => (isRequired(schema) ? [key] : []));
  const form = {
    schema: {
      type: 'object',
      properties: { 'api.version': { type: 'string', const: '1' }, ...properties },
      ...(required.length === 0 ? {} : { required }),
    },
  };
  return {
    operationId: name,
    summary,
    ...(privilege === undefined ? {} : { description: `Needs the privilege ${privilege}.` }),
    requestBody: { content: { 'application/x-www-form-urlencoded': form } },
    responses: {
      '200': {
        description: 'The answer, or why there is none.',
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Envelope' } } },
      },
      '403': { description: 'No token, or a wrong one.' },
    },
  };
}

function isRequired(schema: z.ZodType): boolean {
  return !(schema instanceof z.ZodOptional) && !(schema instanceof z.ZodArray);
}

/** What a piece says of itself; else what its last step takes. */
function describe(schema: z.ZodType): Described {
  const said = z.globalRegistry.get(schema);
  if (said !== undefined) return said;
  if (schema instanceof z.ZodOptional) return describe(schema.unwrap() as z.ZodType);
  if (schema instanceof z.ZodArray) return { type: 'array', items: describe(schema.element as z.ZodType) };
  if (schema instanceof z.ZodEnum) return { type: 'string', enum: schema.options };
  if (schema instanceof z.ZodPipe) {
    const last = describe(schema.out as z.ZodType);
    return Object.keys(last).length > 0 ? last : describe(schema.in as z.ZodType);
  }
  return {};
}
