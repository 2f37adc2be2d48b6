/** Milliseconds for which lines are collected: a write to a file or a pipe holds up everybody. */
const patience = 10;

/** A log of one JSON object a line. */
export function createJsonLines(write: (text: string) => void) {
  let text = '';
  /** Writes at once what has not been written yet. */
  function flush(): void {
    if (text !== '') write(text);
    text = '';
  }
  function line(value: object): void {
    if (text === '') setTimeout(flush, patience);
    text += `${JSON.stringify(value)}\n`;
  }
  return { line, flush };
}
