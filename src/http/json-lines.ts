/**
 * A log of one JSON object a line. What is logged within one turn of the event loop is written at once: a write to a
 * file or a pipe holds up everybody.
 */
export function createJsonLines(write: (text: string) => void): (line: object) => void {
  let text = '';
  const flush = () => {
    write(text);
    text = '';
  };
  return (line) => {
    if (text === '') setImmediate(flush);
    text += `${JSON.stringify(line)}\n`;
  };
}
