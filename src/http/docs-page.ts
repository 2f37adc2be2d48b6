import type { Effect } from '../core/call.js';
import { type FailureCode, failures } from '../core/failures.js';
import type { Operation } from '../core/operation.js';
import { style } from './docs-style.js';
import { Problem, titleOf } from './problem.js';
import { descriptionOf, exampleRequest, failuresOf } from './reference.js';
import { forRest } from './rest-names.js';
import { fieldsOf, jsonSchema, type Schema } from './schema.js';

/** Stands in the examples for the address of this server. */
export const baseMark = 'http://base.invalid';

/** What a method does, in a word for those who do not see its colour. */
const effects: Readonly<Record<Effect, string>> = {
  read: 'reads only',
  write: 'changes a server',
  interrupt: 'interrupts a system',
  destroy: 'destroys data',
};

/** The reference of the REST API: one page that loads nothing else. */
export function docsPageOf(operations: readonly Operation[]): string {
  const codes = Object.keys(failures) as FailureCode[];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>ironic-mcp: REST reference</title>
<style>${style}</style>
</head>
<body>
<header>
<h1>ironic-mcp</h1>
<p>Bare-metal servers through OpenStack Ironic. This page is the REST reference. Programs read it as OpenAPI at <a href="/openapi.json">/openapi.json</a>.</p>
</header>
<nav>
<ul>
${operations.map(({ name, route, effect }) => `<li><a href="#${name}">${badge(route.method, effect)} ${escaped(route.path)}</a></li>`).join('\n')}
<li><a href="#mcp">${badge('MCP', 'read')} /mcp</a></li>
<li><a href="#health">Health</a></li>
<li><a href="#failures">Failures</a></li>
</ul>
</nav>
<main>
<section>
<ul>
<li>Requests and answers are JSON. An unknown argument is an error.</li>
<li>To try the examples, run <code>ironic-mcp http --allow-deprovision --allow-reboot --sim-speed 20</code> without any <code>OS_</code> variable: that simulates a cloud. Send the requests in this order, and repeat the one for the status until it says <code>completed</code>.</li>
<li>If the operator has set a token, add <code>-H "Authorization: Bearer $IRONIC_MCP_HTTP_TOKEN"</code>. If each caller signs in, add <code>-u "$OS_APPLICATION_CREDENTIAL_ID:$OS_APPLICATION_CREDENTIAL_SECRET"</code> with an application credential of your own.</li>
<li>To repeat a request safely, send an idempotency key: as argument <code>idempotency_key</code> or in the header <code>Idempotency-Key</code>. In the header, a key with a comma needs quotation marks.</li>
<li>Every answer has an <code>X-Request-Id</code>, which the operator finds in the log. Send your own to choose it. Only a request that is not valid HTTP gets an answer without one: 400, 408, 417 or 431 with no body.</li>
<li>A W3C <code>traceparent</code> goes into the logs, and to Ironic with each request of the call.</li>
</ul>
</section>
${operations.map(operationSection).join('\n')}
<section id="mcp">
<h2>${badge('MCP', 'read')} /mcp</h2>
<p>The same operations as tools for AI agents, by MCP over streamable HTTP. Clients of the 2026-07-28 revision and of every earlier one can connect.</p>
${curl(`curl '${baseMark}/mcp' \\
  -H 'Content-Type: application/json' \\
  -H 'Accept: application/json, text/event-stream' \\
  -d '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'`)}
</section>
<section id="health">
<h2>Health</h2>
<p><code>/healthz</code> answers 200 if this process works, <code>/readyz</code> if Ironic answers as well; if each caller signs in, if Keystone does. Neither needs a sign-in. <code>/metrics</code> has numbers for Prometheus.</p>
${curl(`curl '${baseMark}/healthz'`)}
${curl(`curl '${baseMark}/readyz'`)}
${curl(`curl '${baseMark}/metrics'`)}
</section>
<section id="failures">
<h2>Failures</h2>
<p>Every failure is <code>application/problem+json</code> (RFC 9457).</p>
${memberTable(jsonSchema(Problem, 'output'))}
<h3>Codes</h3>
${table(
  ['Status', 'Code', 'Message', 'When, and what to do'],
  codes.map((code) => {
    const { http, message, when, hint, retryable } = failures[code];
    return [
      `${http}`,
      `<code id="${code}">${code}</code>`,
      escaped(message),
      `${prose(forRest(when))}<br><b>Next:</b> ${prose(forRest(hint))}${retryable ? ' <i>retryable</i>' : ''}`,
    ];
  }),
)}
</section>
</main>
</body>
</html>
`;
}

function operationSection(operation: Operation): string {
  const { name, title, route, output, effect } = operation;
  return `<section id="${name}">
<h2>${badge(route.method, effect)} ${escaped(route.path)} <small class="${effect}">${effects[effect]}</small></h2>
<p><strong>${escaped(title)}.</strong> ${prose(descriptionOf(operation))} <i>MCP tool: <code>${name}</code></i></p>
${curl(curlLine(operation))}
<h3>Arguments</h3>
${table(
  ['Name', 'In', 'Type', 'Meaning'],
  fieldsOf(operation).map(({ name, in: place, required, schema }) => [
    `<code>${escaped(name)}</code>${required ? ' <i>required</i>' : ''}`,
    place,
    typeWords(schema),
    prose(schema.description ?? ''),
  ]),
)}
<h3>Answer ${route.status}</h3>
${memberTable(jsonSchema(output, 'output'))}
<h3>Failures</h3>
<p class="codes">${failuresOf(operation)
    .map((code) => `<a href="#${code}" title="${escaped(titleOf(code))}">${code}</a>`)
    .join(' ')}</p>
</section>`;
}

function badge(method: string, effect: Effect): string {
  return `<b class="method ${effect}">${method}</b>`;
}

function curlLine(operation: Operation): string {
  const { target, body } = exampleRequest(operation);
  const { method } = operation.route;
  const isImplied = method === 'GET' || (method === 'POST' && body !== undefined);
  const line = `curl ${isImplied ? '' : `-X ${method} `}${quoted(`${baseMark}${target}`)}`;
  return body === undefined ? line : `${line} \\\n  -H 'Content-Type: application/json' \\\n  -d ${quoted(body)}`;
}

/** A text, quoted for a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function curl(line: string): string {
  return `<pre><code>${escaped(line)}</code></pre>`;
}

function memberTable(schema: Schema): string {
  return table(
    ['Name', 'Type', 'Meaning'],
    membersOf(schema).map(([name, member]) => [
      `<code>${escaped(name)}</code>`,
      typeWords(member),
      prose(member.description ?? ''),
    ]),
  );
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[], tag: (cell: string) => string) => `<tr>${cells.map(tag).join('')}</tr>`;
  return `<div class="table"><table>
<thead>${line(head, (cell) => `<th>${cell}</th>`)}</thead>
<tbody>
${rows.map((row) => line(row, (cell) => `<td>${cell}</td>`)).join('\n')}
</tbody>
</table></div>`;
}

/** The members of an object and of the objects in it, by their paths; `[]` stands for each of a list. */
function membersOf({ properties, anyOf = [] }: Schema, prefix = ''): readonly (readonly [string, Schema])[] {
  const own = Object.entries(properties ?? {}).flatMap(([name, schema]) => [
    [`${prefix}${name}`, schema] as const,
    ...membersOf(schema, `${prefix}${name}.`),
    ...membersOf(schema.items ?? {}, `${prefix}${name}[].`),
  ]);
  return [...own, ...anyOf.flatMap((choice) => membersOf(choice, prefix))];
}

/** A type as people say it. */
function typeWords(schema: Schema): string {
  const { anyOf, enum: choices, items, minimum, maximum, type = 'any' } = schema;
  if (anyOf) return anyOf.map(typeWords).join(' or ');
  if (choices && choices.length > 6) return type;
  if (choices) return choices.map((choice) => `<code>${escaped(String(choice))}</code>`).join(' ');
  if (type === 'array') return `list of ${items ? typeWords(items) : 'any'}`;
  const bounded = minimum !== undefined && maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER;
  const preset =
    schema.default === undefined ? '' : `, default <code>${escaped(JSON.stringify(schema.default))}</code>`;
  return `${type}${bounded ? `, ${minimum} to ${maximum}` : ''}${preset}`;
}

/** The code in an escaped text: in backticks, a route, a header or JSON, a name with an underscore, an example. */
const code = new RegExp(
  [
    /`(?<marked>[^`]+)`/,
    /(?<![\w/:])(?:(?:GET|POST|DELETE) )?\/[a-z][\w/{}]*/,
    /(?:\{&#34;.*?\}|(?<=&#34;)[\w-]+: [^&]+(?=&#34;))/,
    /\b[A-Za-z]\w*_\w+/,
    /(?<=\b(?:e\.g\.|for example) )\w[\w.-]*\w/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'g',
);

/** A sentence as HTML, with its identifiers set as code. */
function prose(text: string): string {
  return escaped(text).replace(code, (found, marked?: string) => `<code>${marked ?? found}</code>`);
}

export function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
