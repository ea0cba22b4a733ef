import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { describeApi } from '../../src/web/whm-api/openapi.js';
import { FUNCTIONS } from '../../src/web/whm-api/whm-api-routes.js';

interface Described {
  paths: Record<
    string,
    {
      post: {
        summary: string;
        requestBody: { content: Record<string, { schema: { properties: Record<string, { type?: string }> } }> };
      };
    }
  >;
}
const FORM = 'application/x-www-form-urlencoded';
const described = describeApi(FUNCTIONS) as Described;

describe('the description of the API', () => {
  test('in docs is the one that is served: `npm run openapi` writes it anew', () => {
    expect(JSON.parse(readFileSync('docs/openapi.json', 'utf8'))).toEqual(JSON.parse(JSON.stringify(described)));
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
});
