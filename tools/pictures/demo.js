// Draws docs/images/demo.svg from what the built demo prints on a terminal, and when it prints it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';

const columns = 80;
const [cell, lineHeight, margin, titleBar] = [8.4, 20, 18, 34];
/** The picture moves faster than the demo, and shows the end for a while. */
const [pace, rest] = [2, 6];

const esc = '\u001B';
const redraw = `\r${esc}[2K`;
const colorCode = new RegExp(`${esc}\\[(\\d+)m`);
const classes = { 1: 'b', 2: 'd', 31: 'r', 32: 'g', 33: 'y', 36: 'c' };
const style = `text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#e6edf3}
.b{font-weight:700}.d{fill:#8b949e}.r{fill:#ff7b72}.g{fill:#56d364}.y{fill:#e3b341}.c{fill:#76e3ea}.old{opacity:0}`;

const { lines, seconds } = await recorded();
const [width, height] = [columns * cell + 2 * margin, titleBar + lines.at(-1).row * lineHeight + margin + lineHeight];
const total = seconds / pace + rest;
const percent = (time) => Number(((time / pace / total) * 100).toFixed(2));

const keyframes = lines.map(({ from, until }, index) => {
  const end = until === undefined ? '' : `${percent(until)}%{opacity:0}`;
  return `@keyframes k${index}{0%{opacity:0}${percent(from)}%{opacity:1}${end}}#l${index}{animation:k${index} ${total.toFixed(1)}s step-end infinite}`;
});
writeFileSync(
  'docs/images/demo.svg',
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">
<title>ironic-mcp demo: an MCP client has a simulated server deployed, and a second call for the same server fails</title>
<style>${style}
@media(prefers-reduced-motion:no-preference){${keyframes.join('\n')}}</style>
<rect x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="8" fill="#0d1117" stroke="#484f58"/>
<g fill="#484f58"><circle cx="20" cy="19" r="5"/><circle cx="38" cy="19" r="5"/><circle cx="56" cy="19" r="5"/></g>
${lines.map(drawn).join('\n')}
</svg>
`,
);

/** The lines of the demo, with the seconds at which each of them shows and, if another took its place, goes. */
async function recorded() {
  const { NO_COLOR: _noColor, ...env } = process.env;
  const terminal = `data:text/javascript,Object.assign(process.stdout,{isTTY:true,columns:${columns}})`;
  const args = ['--import', terminal, 'bin/ironic-mcp.js', 'demo'];
  const demo = spawn(process.execPath, args, { env: { ...env, TERM: 'xterm' }, stdio: ['ignore', 'pipe', 'inherit'] });
  const begin = performance.now();
  const found = [{ row: 0, text: `${esc}[2m$${esc}[22m npm run demo`, from: 0 }];
  let row = 2;
  let seconds = 0;
  let line;
  for await (const chunk of demo.stdout.setEncoding('utf8')) {
    seconds = (performance.now() - begin) / 1000;
    for (const part of chunk.replaceAll(redraw, '\r').split(/([\n\r])/)) {
      if (part === '\n') row += 1;
      if (part === '\r' && line) line.until = seconds;
      if (part === '\n' || part === '\r') line = undefined;
      else if (line) line.text += part;
      else if (part !== '') {
        line = { row, text: part, from: seconds };
        found.push(line);
      }
    }
  }
  if (demo.exitCode === null) await once(demo, 'exit');
  if (demo.exitCode !== 0) throw new Error(`the demo ended with code ${demo.exitCode}`);
  return { lines: found, seconds };
}

/** A line of the terminal as text with its colours. Its length is set because fonts differ in width. */
function drawn({ row, text, until }, index) {
  let length = 0;
  const on = new Set();
  // What matched between the parts is a code: they take turns.
  const spans = text.split(colorCode).map((part, index) => {
    if (index % 2 === 1) {
      const gone = part === '22' ? ['b', 'd'] : part === '39' ? ['r', 'g', 'y', 'c'] : [];
      for (const name of gone) on.delete(name);
      if (classes[part]) on.add(classes[part]);
      return '';
    }
    length += part.length;
    // SVG would join several spaces to one.
    const escaped = part.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll(' ', '\u00A0');
    return on.size > 0 && part !== '' ? `<tspan class="${[...on].join(' ')}">${escaped}</tspan>` : escaped;
  });
  const y = titleBar + margin + row * lineHeight;
  const old = until === undefined ? '' : ' class="old"';
  return `<text id="l${index}"${old} x="${margin}" y="${y}" textLength="${Number((length * cell).toFixed(1))}">${spans.join('')}</text>`;
}
