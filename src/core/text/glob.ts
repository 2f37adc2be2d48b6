/**
 * Whether a text matches one of some patterns: `*` stands for any characters but "/", `**` for any at all, `?` for one
 * character but "/". Everything else, upper and lower case included, stands for itself.
 */
export function globs(patterns: readonly string[]): (text: string) => boolean {
  const expressions = patterns.map(expressionOf);
  return (text) => expressions.some((expression) => expression.test(text));
}

function expressionOf(pattern: string): RegExp {
  const source = pattern.replace(/\*{2,}|[*?]|[^*?]+/g, (part) => {
    if (part === '*') return '[^/]*';
    if (part === '?') return '[^/]';
    return part.startsWith('**') ? '.*' : part.replace(/[\\^$.+()[\]{}|/]/g, '\\$&');
  });
  return new RegExp(`^${source}$`, 'su');
}
