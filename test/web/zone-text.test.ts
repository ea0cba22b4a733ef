import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { ZoneIssue } from '../../src/errors.js';
import { editableText, findingsIn, submittedText, textVersion } from '../../src/web/pages/zones/zone-text.js';

/** What a browser sends for a text area that was given `html` (HTML: newlines normalized, then CRLF on submission). */
const throughBrowser = (text: string): string => text.replace(/\r\n?/g, '\n').replaceAll('\n', '\r\n');

describe('a text that is saved unchanged', () => {
  test('stays the same byte for byte, whatever ends its lines', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('\n', '\r\n', 'a', ' ', '; é', '\t', '"'), { maxLength: 40 }), (parts) => {
        const stored = Buffer.from(parts.join(''));
        const shown = editableText(stored);
        if (!('text' in shown)) throw new Error('refused');
        expect(submittedText(throughBrowser(shown.text), stored).equals(stored)).toBe(true);
      }),
    );
  });

  test('is never offered for editing where a browser would damage it', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        const stored = Buffer.from(bytes);
        const shown = editableText(stored);
        if ('reason' in shown) return;
        expect(Buffer.from(shown.text).equals(stored)).toBe(true);
        expect(submittedText(throughBrowser(shown.text), stored).equals(stored)).toBe(true);
      }),
    );
  });
});

describe('an edited text', () => {
  test('ends its lines as the stored one does', () => {
    expect(submittedText('a\r\nb\r\n', Buffer.from('a\n')).toString()).toBe('a\nb\n');
    expect(submittedText('a\r\nb\r\n', Buffer.from('a\r\n')).toString()).toBe('a\r\nb\r\n');
    expect(submittedText('a\r\nb\r\n', undefined).toString()).toBe('a\nb\n');
  });

  test('is written as UTF-8', () => {
    expect(submittedText('; é', undefined)).toEqual(Buffer.from([0x3b, 0x20, 0xc3, 0xa9]));
  });
});

describe('a text that can not be edited', () => {
  test.each([
    [Buffer.from([0x3b, 0xff, 0x0a]), 'UTF-8', ';\\255\n'],
    [Buffer.from('a\0b'), 'NUL', 'a\\000b'],
    [Buffer.from('a\rb'), 'carriage return', 'a\\013b'],
  ])('%j is shown escaped, with the reason', (stored, reason, escaped) => {
    expect(editableText(stored)).toEqual({ reason: expect.stringContaining(reason) as string, escaped });
  });

  test('a byte order mark is no reason', () => {
    const stored = Buffer.from('\ufeff; text\n');
    expect(editableText(stored)).toEqual({ text: '\ufeff; text\n' });
  });
});

test('two texts have two versions, one text has one', () => {
  expect(textVersion(Buffer.from('a'))).toBe(textVersion(Buffer.from('a')));
  expect(textVersion(Buffer.from('a'))).not.toBe(textVersion(Buffer.from('b')));
});

describe('a finding', () => {
  const at = (line: number): ZoneIssue => ({
    severity: 'error',
    code: 'syntax',
    zone: 'example.org',
    line,
    column: 1,
    message: 'wrong',
  });
  const text = '1\r\n2\n3\n4\n5\n6';
  const shown = (line: number): string[] =>
    (findingsIn(text, [at(line)])[0]?.lines ?? []).map(
      ({ number, text: content, isMarked }) => `${number}=${content}${isMarked ? '!' : ''}`,
    );

  test('shows its line and two on each side, cut at the ends of the text', () => {
    expect(shown(4)).toEqual(['2=2', '3=3', '4=4!', '5=5', '6=6']);
    expect(shown(1)).toEqual(['1=1!', '2=2', '3=3']);
    expect(shown(99)).toEqual([]);
  });

  test('cuts long lines, and the twenty-first is not shown', () => {
    const long = findingsIn('x'.repeat(5000), Array<ZoneIssue>(30).fill(at(1)));
    expect(long).toHaveLength(20);
    expect(long[0]?.lines[0]?.text).toHaveLength(200);
  });
});
