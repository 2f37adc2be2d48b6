import { stripVTControlCharacters, styleText } from 'node:util';
import type { Io } from './io.js';

type Format = Parameters<typeof styleText>[0];

/** What people see of a command's output. */
export interface Terminal {
  readonly isTerminal: boolean;
  /** Columns of a line. */
  readonly width: number;
  /** Colours a text on a terminal, unless the user set NO_COLOR (no-color.org). */
  paint(format: Format, text: string): string;
  /** Wraps words behind a head. Every further line is indented; a word is never broken. */
  hanging(head: string, words: readonly string[], indent: number): string;
}

/** @param otherwise The width of a line when the output is not a terminal. */
export function createTerminal({ env, stdout }: Io, otherwise: number): Terminal {
  const isTerminal = stdout.isTTY === true;
  const width = isTerminal ? (stdout.columns ?? otherwise) : otherwise;
  // Node's own check treats an empty NO_COLOR as set.
  const isColored = isTerminal && !env.NO_COLOR && env.TERM !== 'dumb';
  return {
    isTerminal,
    width,
    paint: (format, text) => (isColored ? styleText(format, text, { validateStream: false }) : text),
    hanging(head, words, indent) {
      let text = head;
      let column = stripVTControlCharacters(head).length;
      for (const word of words) {
        // A break where the indent begins would only add an empty line.
        const fits = column + 1 + word.length <= width || column < indent;
        text += fits ? ` ${word}` : `\n${' '.repeat(indent)}${word}`;
        column = (fits ? column + 1 : indent) + word.length;
      }
      return text;
    },
  };
}
