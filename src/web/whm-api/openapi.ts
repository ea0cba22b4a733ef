import { z } from 'zod';
import type { ApiFunction } from './api-function.js';

/** What JSON Schema says of something. */
type Described = Readonly<Record<string, unknown>>;

const SCHEMAS = '#/components/schemas/';

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
const FAILURE = {
  type: 'object',
  required: ['code', 'issues'],
  properties: {
    code: { type: 'string', description: 'Short stable name of what failed.' },
    issues: { type: 'array', items: { type: 'object' }, description: 'What was found in the text of a zone.' },
  },
};

/**
 * The description of the API (OpenAPI 3.1), made from the schemas of parameters and answers. Every function takes GET
 * and POST alike; POST is described.
 */
export function describeApi(functions: ReadonlyMap<string, ApiFunction>): object {
  const sorted = [...functions].sort(([a], [b]) => (a < b ? -1 : 1));
  const answers = sorted.map(([name, { answer }]) => [`${name}Data`, describeAnswer(answer)] as const);
  const shared = Object.assign({}, ...answers.map(([, { $defs }]) => $defs)) as Described;
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
      schemas: {
        Envelope: ENVELOPE,
        Failure: FAILURE,
        ...shared,
        ...Object.fromEntries(answers.map(([name, { $defs: _defs, ...schema }]) => [name, schema])),
      },
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
    ...(privilege === null ? {} : { description: `Needs the privilege ${privilege}.` }),
    requestBody: { content: { 'application/x-www-form-urlencoded': form } },
    responses: {
      '200': {
        description: 'The answer, or why there is none.',
        content: { 'application/json': { schema: answered(name) } },
      },
      '403': { description: 'No token, or a wrong one.' },
    },
  };
}

/** The envelope with the answer of this function, or with why it failed. */
function answered(name: string): Described {
  const data = { anyOf: [`${name}Data`, 'Failure'].map((schema) => ({ $ref: `${SCHEMAS}${schema}` })) };
  return { allOf: [{ $ref: `${SCHEMAS}Envelope` }, { properties: { data } }] };
}

/** As JSON Schema; `$defs` are those with a name of their own, to which it refers as components. */
function describeAnswer(answer: z.ZodType): Described & { $defs?: Described } {
  const { $schema: _schema, ...schema } = z.toJSONSchema(answer, { io: 'input' });
  return JSON.parse(JSON.stringify(schema).replaceAll('#/$defs/', SCHEMAS)) as Described;
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
