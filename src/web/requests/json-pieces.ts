/** What JSON.stringify makes of a value, in pieces: that of a long list is made element by element. */
export function* jsonPieces(value: unknown): Generator<string> {
  if (Array.isArray(value)) {
    for (const [i, element] of value.entries()) {
      yield i === 0 ? '[' : ',';
      yield* jsonPieces(element ?? null);
    }
    yield value.length === 0 ? '[]' : ']';
  } else if (isRecord(value) && Object.values(value).some(isRecord)) {
    let before = '{';
    for (const [key, field] of Object.entries(value)) {
      if (field === undefined) continue;
      yield `${before}${JSON.stringify(key)}:`;
      yield* jsonPieces(field);
      before = ',';
    }
    yield before === '{' ? '{}' : '}';
  } else yield JSON.stringify(value);
}

/** A list, or an object that says nothing itself of its JSON. */
function isRecord(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !('toJSON' in value);
}
