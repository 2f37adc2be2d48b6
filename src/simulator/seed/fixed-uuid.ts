/**
 * The same UUID for the same kind and number, in the form of version 4. So the servers of a simulated cloud keep their
 * ids after a restart.
 */
export function fixedUuid(kind: string, number: number): string {
  const words = [0, 1, 2, 3].map((word) => scramble(`${kind}/${number}/${word}`).toString(16).padStart(8, '0'));
  const [a = '', b = '', c = '', d = ''] = words;
  // join(): with concatenation the engine would keep all the pieces.
  return [a, b.slice(0, 4), `4${b.slice(5)}`, `a${c.slice(1, 4)}`, [c.slice(4), d].join('')].join('-');
}

/** FNV-1a with a final avalanche, so that similar inputs give different results. */
function scramble(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** This many hexadecimal digits, always the same for the same number. */
export function fixedDigest(number: number, length: number): string {
  const words = Array.from({ length: length / 8 }, (_, word) => scramble(`digest/${number}/${word}`));
  return words.map((word) => word.toString(16).padStart(8, '0')).join('');
}
