/**
 * What a terminal obeys instead of showing it: control characters, and those that turn the direction of what is
 * written.
 */
const OBEYED = /[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
const SHOWN = new Set(['\n', '\t']);

/**
 * A text that others had a hand in, for a terminal: line ends and tabs stay, what else it would obey stands as `\x1b`.
 */
export function visible(text: string): string {
  return text.replaceAll(OBEYED, (character) => {
    if (SHOWN.has(character)) return character;
    const code = character.charCodeAt(0);
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}
