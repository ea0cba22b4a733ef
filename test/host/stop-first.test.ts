import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const source = readFileSync(new URL('../../src/host/stop-first.ts', import.meta.url), 'utf8');
const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 };
const { outputText } = ts.transpileModule(source, { compilerOptions });

/**
 * A host, with its own handling of SIGTERM or none, and a plugin whose end takes a moment. Answers what it printed and
 * how it ended.
 */
async function endOf(own: string, signals: number): Promise<{ printed: string; end: number | string | null }> {
  const program = `
    ${outputText}
    ${own}
    setInterval(() => {}, 1_000);
    stopFirst({
      stop: () => {
        console.log('stopping');
        return new Promise((resolve) => setTimeout(() => { console.log('stopped'); resolve(); }, ${signals === 1 ? 50 : 60_000}));
      },
    });
    console.log('ready');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
  let printed = '';
  for await (const chunk of child.stdout) {
    printed += String(chunk);
    if (/ready\n$/.test(printed)) child.kill('SIGTERM');
    if (/stopping\n$/.test(printed) && signals === 2) child.kill('SIGTERM');
  }
  const [code, signal] = await ended;
  return { printed, end: signal ?? code };
}

describe('a signal that ends the host', () => {
  test('ends the plugin first, and then the process, as it would have without us', async () => {
    expect(await endOf('', 1)).toEqual({ printed: 'ready\nstopping\nstopped\n', end: 'SIGTERM' });
  });

  test('reaches the handling of the host when the plugin has ended', async () => {
    const own = `process.once('SIGTERM', () => { console.log('host'); process.exit(7); });`;
    expect(await endOf(own, 1)).toEqual({ printed: 'ready\nstopping\nstopped\nhost\n', end: 7 });
  });

  test('a second time does not wait for the plugin', async () => {
    expect(await endOf('', 2)).toEqual({ printed: 'ready\nstopping\n', end: 'SIGTERM' });
  });
});
