import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { expect } from 'vitest';
import {
  type CallOptions,
  type ClientLine,
  type McpSession,
  openSession,
  type User,
} from '../../support/mcp-session.js';
import type { Environment } from '../../support/program.js';

const folder = new URL('../../golden/transcripts/', import.meta.url);

/** The default of SDK clients. */
const timeout = 60_000;

/** A conversation with the built program, as it went over the wire. */
export interface Transcript {
  /** Calls a tool and records the call, the result, and the progress notifications without repetitions. */
  call(
    tool: string,
    input: object,
    options?: { readonly progress?: boolean },
  ): Promise<Readonly<Record<string, unknown>>>;
  /** Records something that came another way. */
  note(entry: object): void;
  /**
   * Ends the conversation and compares it with `tests/golden/transcripts/<name>.json`, which UPDATE_GOLDEN=1 writes.
   * What differs from run to run stands there as a placeholder.
   */
  end(): Promise<void>;
}

/** @param user The user whom the client asks. Without one it cannot ask. */
export async function openTranscript(
  name: string,
  line: ClientLine,
  env: Environment,
  user?: User,
): Promise<Transcript> {
  const session = await openSession(line, env, [], user);
  const entries: object[] = [];
  let read = 0;

  return {
    async call(tool, input, { progress = false } = {}) {
      entries.push({ call: tool, arguments: input, ...(progress ? { progress: 'asked for' } : {}) });
      const options: CallOptions = progress ? { timeout, onprogress: () => undefined } : { timeout };
      const { data } = await session.callTool(tool, input, options);
      const { messages, end } = messagesSince(session, read);
      read = end;
      let said: string | undefined;
      for (const message of messages) {
        const words = progressIn(message);
        if (words === undefined || words !== said) entries.push(...entryOf(message));
        said = words;
      }
      return data ?? {};
    },
    note: (entry) => void entries.push(entry),
    async end() {
      await session.close();
      const text = `${normal(JSON.stringify(entries, null, 2))}\n`;
      const file = new URL(`${name}.${line}.json`, folder);
      if (process.env.UPDATE_GOLDEN) {
        await mkdir(folder, { recursive: true });
        await writeFile(file, text);
      }
      expect(text, 'UPDATE_GOLDEN=1 writes it anew').toBe(await readFile(file, 'utf8'));
    },
  };
}

interface Message {
  readonly method?: string;
  readonly params?: Readonly<Record<string, unknown>>;
  readonly result?: Readonly<Record<string, unknown>>;
}

function messagesSince(session: McpSession, start: number): { messages: readonly Message[]; end: number } {
  const text = session.stdout();
  const end = text.lastIndexOf('\n') + 1;
  const lines = text.slice(start, end).split('\n').filter(Boolean);
  return { messages: lines.map((line) => JSON.parse(line) as Message), end };
}

/** The text of a progress notification without the elapsed time. */
function progressIn({ method, params }: Message): string | undefined {
  return method === 'notifications/progress' ? normal(String(params?.message)) : undefined;
}

/** A message as it is recorded. The handshake is left out. */
function entryOf({ method, params, result }: Message): object[] {
  if (method === 'notifications/progress') {
    const { progressToken: _, ...progress } = params ?? {};
    return [{ notification: progress }];
  }
  if (method === 'elicitation/create') return [{ question: params }];
  if (result?.inputRequests) {
    const { _meta, ...question } = result;
    return [{ question }];
  }
  if (!Array.isArray(result?.content)) return [];
  const [{ text }] = result.content as [{ text: string }];
  const { content: _, structuredContent, _meta, ...rest } = result;
  if (structuredContent === undefined) return [{ result: { ...rest, text: text.split('\n') } }];
  expect(JSON.parse(text), 'the text says the same').toEqual(structuredContent);
  return [{ result: { ...rest, structuredContent } }];
}

/** The text with a placeholder for each value that differs between runs. */
function normal(text: string): string {
  const uuids = new Map<string, string>();
  return text
    .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (uuid) => {
      const placeholder = uuids.get(uuid) ?? `{uuid ${uuids.size + 1}}`;
      uuids.set(uuid, placeholder);
      return placeholder;
    })
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '{time}')
    .replace(/\b(\d+ min )?\d+ s so far/g, '{elapsed} so far');
}
