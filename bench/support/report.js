// What the parts of the bench share: medians, and tables with a verdict.

export function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** The value below which 99 of 100 lie. */
export function p99(values) {
  return [...values].sort((a, b) => a - b)[Math.ceil(values.length * 0.99) - 1];
}

/** Each column is a title and how a row shows in it. */
export function table(columns, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const titles = columns.map(([title]) => title);
  const lines = rows.map((row) => line(columns.map(([, show]) => show(row))));
  return [line(titles), line(titles.map(() => '---')), ...lines].join('\n');
}

/** A list of what had to be shown, and whether it was; a target that is missed makes the process fail. */
export function verdicts(targets) {
  const missed = targets.filter(({ reached }) => !reached);
  if (missed.length > 0) process.exitCode = 1;
  return targets
    .map(({ title, value, limit, reached }) => `- ${title}: ${value} (target ${limit})${reached ? '' : ' **missed**'}`)
    .join('\n');
}

export const atMost = (title, value, limit, unit = '×', digits = 2) => ({
  title,
  value: `${value.toFixed(digits)}${unit}`,
  limit: `at most ${limit}${unit}`,
  reached: value <= limit,
});

export const atLeast = (title, value, limit) => ({
  title,
  value: `${value.toFixed(2)}×`,
  limit: `at least ${limit}×`,
  reached: value >= limit,
});

/** Writes what a part has found out, as Markdown. */
export function say(...paragraphs) {
  process.stdout.write(`${paragraphs.join('\n\n')}\n`);
}
