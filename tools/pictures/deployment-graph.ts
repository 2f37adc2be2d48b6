import { marked } from '../marked.js';

/** A deployment as the lane `machines` records it: see tests/machines/following.ts. */
export interface Recording {
  readonly ironic: string;
  readonly answers: readonly {
    readonly seconds: number;
    readonly answer: { readonly status: string; readonly progress_percent: number | null; readonly message: string };
  }[];
  readonly notifications: readonly { readonly seconds: number; readonly percent: number }[];
  readonly login_seconds: number;
}

/** A text with the answers of the recording put between its markers. */
export function withRecordedAnswers(text: string, { answers }: Recording): string {
  const rows = answers.map(
    ({ seconds, answer: { progress_percent: percent, status, message } }) =>
      `| ${seconds.toFixed(0)} | ${percent ?? '`null`'} | \`${status}\` | ${message} |`,
  );
  const head = ['| Seconds | `progress_percent` | `status` | `message` |', '|---|---|---|---|'];
  return marked(text, 'recording', [...head, ...rows].join('\n'));
}

const width = 720;
const height = 300;
const edge = { left: 48, right: 24, top: 28, bottom: 40 };
/** Grey that is read on white and on black, and two colours for each. */
const style = `
    text { font: 12px system-ui, sans-serif; fill: #777 }
    .grid { stroke: #8884; fill: none }
    .percent { stroke: #0969da; stroke-width: 2; fill: none }
    .answer { fill: #0969da }
    .login { stroke: #1a7f37; stroke-dasharray: 4 3 }
    @media (prefers-color-scheme: dark) {
      text { fill: #9198a1 } .percent { stroke: #58a6ff } .answer { fill: #58a6ff } .login { stroke: #3fb950 }
    }`;

/** The percentage over the time, as SVG: a line through the notifications, a dot for each answer. */
export function deploymentGraph({ ironic, answers, notifications, login_seconds: login }: Recording): string {
  const end = Math.ceil(login / 30) * 30;
  const x = (seconds: number) => round(edge.left + (seconds / end) * (width - edge.left - edge.right));
  const y = (percent: number) => round(edge.top + (1 - percent / 100) * (height - edge.top - edge.bottom));
  const dots = answers.flatMap(({ seconds, answer: { progress_percent: percent } }) =>
    percent === null ? [] : [{ seconds, percent }],
  );
  const known = [...notifications, ...dots].sort((one, other) => one.seconds - other.seconds);
  const line = known.map(({ seconds, percent }) => `${x(seconds)},${y(percent)}`).join(' ');
  const completed = dots.at(-1)?.seconds ?? 0;
  const title = `One deployment on the lab, Ironic ${ironic}: progress_percent by the second`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">`,
    `  <title>${title}</title>`,
    `  <style>${style}\n  </style>`,
    `  <text x="${edge.left}" y="16">${title}</text>`,
    ...[0, 25, 50, 75, 100].flatMap((percent) => [
      `  <path class="grid" d="M${edge.left} ${y(percent)}H${width - edge.right}"/>`,
      `  <text x="${edge.left - 8}" y="${y(percent) + 4}" text-anchor="end">${percent}</text>`,
    ]),
    ...Array.from({ length: end / 30 + 1 }, (_, index) => index * 30).map(
      (seconds) =>
        `  <text x="${x(seconds)}" y="${height - edge.bottom + 20}" text-anchor="middle">${seconds} s</text>`,
    ),
    `  <polyline class="percent" points="${line}"/>`,
    ...dots.map(({ seconds, percent }) => `  <circle class="answer" cx="${x(seconds)}" cy="${y(percent)}" r="4"/>`),
    ...[
      { seconds: completed, words: 'completed' },
      { seconds: login, words: 'login' },
    ].flatMap(({ seconds, words }) => [
      `  <path class="login" d="M${x(seconds)} ${edge.top}V${height - edge.bottom}"/>`,
      `  <text x="${x(seconds) - 6}" y="${y(8)}" text-anchor="end">${words}</text>`,
    ]),
    '</svg>',
    '',
  ].join('\n');
}

const round = (value: number) => Math.round(value * 10) / 10;
