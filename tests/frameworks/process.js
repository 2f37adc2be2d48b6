import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** Runs a program to its end. `printed` is its stdout, `output` all that it wrote; the status is null if it was killed. */
export async function run(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  let [output, printed] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text) => {
    output += text;
    printed += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    output += text;
  });
  // A program that is not there does not start.
  const [status] = await once(child, 'close').catch((error) => {
    output += String(error);
    return [null];
  });
  return { status, output, printed };
}
