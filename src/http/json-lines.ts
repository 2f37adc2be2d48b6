/** A log of one JSON object a line. */
export interface JsonLines {
  line(value: object): void;
  /** Writes at once what has not been written yet. */
  flush(): void;
}

/** Milliseconds for which lines are collected: a write to a file or a pipe holds up everybody. */
const patience = 10;

export function createJsonLines(write: (text: string) => void): JsonLines {
  let text = '';
  const flush = () => {
    if (text !== '') write(text);
    text = '';
  };
  return {
    line(value) {
      if (text === '') setTimeout(flush, patience);
      text += `${JSON.stringify(value)}\n`;
    },
    flush,
  };
}
