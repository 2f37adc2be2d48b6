// Medians, and tables with a verdict, for all parts of the bench.

export function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)];
}

/** The 99th percentile. */
export function p99(values) {
  return [...values].sort((a, b) => a - b)[Math.ceil(values.length * 0.99) - 1];
}

/** Each column is a title and a function that shows a row in it. */
export function table(columns, rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const titles = columns.map(([title]) => title);
  const lines = rows.map((row) => line(columns.map(([, show]) => show(row))));
  return [line(titles), line(titles.map(() => '---')), ...lines].join('\n');
}

/** A list of targets and whether each is reached. A missed target makes the process fail. */
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

/** Prints the results of a part as Markdown. */
export function say(...paragraphs) {
  process.stdout.write(`${paragraphs.join('\n\n')}\n`);
}
