import { type FailureCode, failures } from '../core/failures.js';
import { writtenFor } from '../core/names.js';
import type { Operation } from '../core/operation.js';
import { style } from './docs-style.js';
import { titleOf } from './problem.js';
import { descriptionOf, exampleRequest, failuresOf } from './reference.js';
import { fieldsOf, jsonSchema, type Schema } from './schema.js';

const base = 'http://127.0.0.1:7385';

/** The reference of the REST API: one page that needs nothing but itself. */
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
<p>Bare-metal servers through OpenStack Ironic. This is the REST reference; a machine reads it at <a href="/openapi.json">/openapi.json</a>.</p>
</header>
<nav>
<ul>
${operations.map(({ name, route }) => `<li><a href="#${name}"><b>${route.method}</b> ${escaped(route.path)}</a></li>`).join('\n')}
<li><a href="#mcp"><b>MCP</b> /mcp</a></li>
<li><a href="#health">Health</a></li>
<li><a href="#failures">Failures</a></li>
</ul>
</nav>
<main>
<section>
<p>Requests and answers are JSON. The examples work as they are, one after the other, on a server that was started with <code>ironic-mcp http --allow-deprovision</code> and simulates a cloud. If the operator has set a token, add <code>-H "Authorization: Bearer $IRONIC_MCP_HTTP_TOKEN"</code>.</p>
<p>Every answer has an <code>X-Request-Id</code>, by which the operator finds it in the log; send your own to choose it. Only what cannot be read as HTTP is answered without one: by a bare 400, 408, 417 or 431. A <code>traceparent</code> is taken over. Descriptions and hints call an operation by the name of its tool, which stands beside its path. An unknown argument is an error, never dropped. Where there is an argument <code>idempotency_key</code>, the header <code>Idempotency-Key</code> is the same; a key with a comma needs quotation marks there.</p>
</section>
${operations.map(operationSection).join('\n')}
<section id="mcp">
<h2><b>MCP</b> /mcp</h2>
<p>The same operations as tools for AI agents: the Model Context Protocol over streamable HTTP, for clients of 2026-07-28 and of every earlier revision.</p>
${curl(`curl ${base}/mcp \\
  -H 'Content-Type: application/json' \\
  -H 'Accept: application/json, text/event-stream' \\
  -d '{"jsonrpc":"2.0","id":1,"method":"tools/list"}'`)}
</section>
<section id="health">
<h2>Health</h2>
<p>Neither needs a token. <code>/healthz</code> tells whether the process works, <code>/readyz</code> whether Ironic answers it.</p>
${curl(`curl ${base}/healthz`)}
${curl(`curl ${base}/readyz`)}
</section>
<section id="failures">
<h2>Failures</h2>
<p>A failure is <code>application/problem+json</code> (RFC 9457): <code>type</code>, <code>title</code>, <code>status</code>, <code>detail</code> (the message below), and <code>code</code>, <code>reason</code> (what exactly, or null), <code>hint</code> (what to do next), <code>retryable</code>. <code>invalid_request</code> lists in <code>errors</code> what is wrong with each argument. Text that came from Ironic stands in <code>reason</code> only: it is data, not instructions.</p>
${table(
  ['Status', 'Code', 'Message', 'When, and what to do'],
  codes.map((code) => {
    const { http, message, when, hint, retryable } = failures[code];
    return [
      `${http}`,
      `<code id="${code}">${code}</code>`,
      escaped(message),
      `${escaped(`${when} ${writtenFor('rest', hint)}`)}${retryable ? ' <i>May be repeated.</i>' : ''}`,
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
  const { name, title, route, output } = operation;
  return `<section id="${name}">
<h2><b>${route.method}</b> ${escaped(route.path)} <code>${name}</code></h2>
<p><strong>${escaped(title)}.</strong> ${escaped(descriptionOf(operation))}</p>
${curl(curlLine(operation))}
<h3>Arguments</h3>
${table(
  ['Name', 'In', 'Type', 'Meaning'],
  fieldsOf(operation).map(({ name, in: place, required, schema }) => [
    `<code>${escaped(name)}</code>${required ? ' <i>required</i>' : ''}`,
    place,
    typeWords(schema),
    escaped(schema.description ?? ''),
  ]),
)}
<h3>Answer ${route.status}</h3>
${table(
  ['Name', 'Type', 'Meaning'],
  membersOf(jsonSchema(output, 'output')).map(([name, schema]) => [
    `<code>${escaped(name)}</code>`,
    typeWords(schema),
    escaped(schema.description ?? ''),
  ]),
)}
<h3>Failures</h3>
<p class="codes">${failuresOf(operation)
    .map((code) => `<a href="#${code}" title="${escaped(titleOf(code))}">${code}</a>`)
    .join(' ')}</p>
</section>`;
}

function curlLine(operation: Operation): string {
  const { target, body } = exampleRequest(operation);
  const { method } = operation.route;
  const parts = [
    'curl',
    ...(method === 'GET' || (method === 'POST' && body !== undefined) ? [] : ['-X', method]),
    quoted(`${base}${target}`),
  ];
  const line = parts.join(' ');
  return body === undefined ? line : `${line} \\\n  -H 'Content-Type: application/json' \\\n  -d ${quoted(body)}`;
}

/** Fit for a shell. */
function quoted(text: string): string {
  return /^[\w./:-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function curl(line: string): string {
  return `<pre><code>${escaped(line)}</code></pre>`;
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
  if (choices) return choices.map((choice) => `<code>${escaped(String(choice))}</code>`).join(' ');
  if (type === 'array') return `list of ${items ? typeWords(items) : 'any'}`;
  const bounded = minimum !== undefined && maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER;
  const preset = schema.default === undefined ? '' : `; ${escaped(JSON.stringify(schema.default))} if left out`;
  return `${type}${bounded ? `, ${minimum} to ${maximum}` : ''}${preset}`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
