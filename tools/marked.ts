/** The text, with this content between its markers `<!-- name:begin -->` and `<!-- name:end -->`. */
export function marked(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const [before, rest] = text.split(begin);
  const [, after] = rest?.split(end) ?? [];
  if (before === undefined || after === undefined) throw new Error(`there is no ${begin} with its ${end}`);
  return `${before}${begin}\n${content}\n${end}${after}`;
}
