/** Milliseconds to collect lines: each write to a file or a pipe blocks the process. */
const patience = 10;

/** A log with one JSON object per line. */
export function createJsonLines(write: (text: string) => void) {
  let text = '';
  /** Writes the collected lines now. */
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
