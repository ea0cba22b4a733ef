/** `$GENERATE`'s numbers: from start to stop by step, all inclusive. */
interface Range {
  start: number;
  stop: number;
  step: number;
}

/** Records that one `$GENERATE` may make; a whole /16 of reverse names fits. */
export const MAX_GENERATED = 65_536;
const MAX_WIDTH = 253;

/** Reads `start-stop` or `start-stop/step`. Undefined where it is none, runs backwards, or makes too many records. */
export function parseRange(text: string): Range | undefined {
  const [, start, stop, step = '1'] = /^(\d{1,10})-(\d{1,10})(?:\/(\d{1,10}))?$/.exec(text) ?? [];
  const range = { start: Number(start), stop: Number(stop), step: Number(step) };
  const fits = range.start <= range.stop && range.stop <= 0x7fffffff && range.step > 0;
  return fits && (range.stop - range.start) / range.step < MAX_GENERATED ? range : undefined;
}

/**
 * One turn of `$GENERATE`: `$` becomes the number, `${offset,width,base}` the number formatted, `$$` a dollar; escapes
 * stay as they are for the reader of names and rdata. Undefined where a format is wrong.
 */
export function expand(template: string, value: number): string | undefined {
  let text = '';
  for (let i = 0; i < template.length; i++) {
    const char = template.charAt(i);
    if (char === '\\') text += char + template.charAt(++i);
    else if (char !== '$') text += char;
    else if (template.charAt(i + 1) === '$') text += template.charAt(++i);
    else if (template.charAt(i + 1) !== '{') text += String(value);
    else {
      const close = template.indexOf('}', i);
      const piece = close < 0 ? undefined : format(template.slice(i + 2, close), value);
      if (piece === undefined) return undefined;
      text += piece;
      i = close;
    }
  }
  return text;
}

/** `offset[,width[,base]]`, base one of d o x X n N (n: hexadecimal digits from the last, with dots, for ip6.arpa). */
function format(spec: string, value: number): string | undefined {
  const [, offset, widthText = '0', base = 'd'] = /^([+-]?\d{1,10})(?:,(\d{1,3})(?:,([doxXnN]))?)?$/.exec(spec) ?? [];
  const width = Number(widthText);
  const number = value + Number(offset);
  if (offset === undefined || width > MAX_WIDTH || Math.abs(number) > 0x7fffffff) return undefined;
  switch (base) {
    case 'd':
      return number < 0 ? '-' + String(-number).padStart(width - 1, '0') : String(number).padStart(width, '0');
    case 'o':
      return (number >>> 0).toString(8).padStart(width, '0');
    case 'x':
      return (number >>> 0).toString(16).padStart(width, '0');
    case 'X':
      return (number >>> 0).toString(16).toUpperCase().padStart(width, '0');
    default:
      return number < 0 ? undefined : nibbles(number, width, base === 'N');
  }
}

/** Width counts digits and dots, as BIND counts it. */
function nibbles(number: number, width: number, upper: boolean): string {
  let text = '';
  for (let rest = number, left = width; ;) {
    text += (rest & 15).toString(16);
    rest >>>= 4;
    left--;
    if (left <= 0 && rest === 0) return upper ? text.toUpperCase() : text;
    text += '.';
    left--;
    if (left <= 0 && rest === 0) left = 0;
  }
}
