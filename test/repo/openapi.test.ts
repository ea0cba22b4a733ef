import { format } from 'prettier';
import { describe, expect, test } from 'vitest';
import { FUNCTIONS } from '../../src/web/whm-api/functions.js';
import { describeApi } from '../../src/web/whm-api/openapi.js';

/** What JSON Schema says, as far as it is looked at here. */
interface Schema {
  type?: string;
  properties?: Record<string, Schema>;
  items?: Schema;
  $ref?: string;
}
interface Described {
  paths: Record<string, { post: { requestBody: { content: Record<string, { schema: Required<Schema> }> } } }>;
  components: { schemas: Record<string, Schema> };
}
const FORM = 'application/x-www-form-urlencoded';
const described = JSON.parse(JSON.stringify(describeApi(FUNCTIONS))) as Described;

/** Names of the components to which a schema refers, at any depth. */
function referred(schema: unknown): string[] {
  return [...JSON.stringify(schema).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)].map(
    ([, name = '']) => name,
  );
}

describe('the description of the API', () => {
  test('in docs is the one that is served: `npm run openapi` writes it anew', async () => {
    const text = await format(JSON.stringify(described), { parser: 'json', printWidth: 120 });
    await expect(text).toMatchFileSnapshot('../../docs/openapi.json');
  });

  test('says of every parameter of every function what it takes', () => {
    const silent = Object.entries(described.paths).flatMap(([path, { post }]) =>
      Object.entries(post.requestBody.content[FORM]?.schema.properties ?? {})
        .filter(([, { type }]) => type === undefined)
        .map(([name]) => `${path} ${name}`),
    );
    expect(silent).toEqual([]);
    expect(Object.keys(described.paths)).toHaveLength(FUNCTIONS.size);
  });

  test('says of every function what it answers, and refers to nothing that is not there', () => {
    const { schemas } = described.components;
    for (const name of FUNCTIONS.keys()) expect(referred(described.paths[`/${name}`])).toContain(`${name}Data`);
    expect(referred(described).filter((name) => !(name in schemas))).toEqual([]);
    expect(schemas['Member']?.properties).toMatchObject({ hostname: { type: 'string' }, pending: { type: 'number' } });
    expect(schemas['listmembersData']?.properties?.['member']).toMatchObject({
      items: { $ref: '#/components/schemas/Member' },
    });
  });
});
