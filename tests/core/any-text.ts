import fc from 'fast-check';

/** Characters that can deceive a reader: controls, half characters, and any that reorder, hide or break text. */
const nasty = ['\u0000', '\n', '\r', '\u001b', '\u0085', '\u200b', '\u202e', '\u2066', '\u2028', '\ufeff', '\ud83d'];

const unit = fc.oneof(
  fc.constantFrom(...nasty, '"', "'", ' ', '  ', '🖥', '…', '$&', '{id}'),
  fc.constantFrom(...'abcXYZ019-_.~/%'),
  fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
);

/** Any text; bad characters are likelier. */
export function anyText(maxLength: number): fc.Arbitrary<string> {
  return fc.array(unit, { maxLength }).map((units) => units.join(''));
}
