import { execFile } from 'node:child_process';
import {
  chmod,
  chown,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditRecord } from '../../src/core/ports.js';
import { createAuditLog, tryAuditLog } from '../../src/local/audit-log.js';

const clock = { now: () => Date.UTC(2026, 10, 24, 1, 2, 3, 4), sleep: async () => undefined };
const record = (id: string): AuditRecord => ({ id, face: 'mcp', operation: 'provision_server', name: 'a\nb' });

/** Independent of the umask of this process. */
async function exposed(at: string, mode: number): Promise<void> {
  await writeFile(at, '', { flag: 'a' }).catch(() => undefined);
  await chmod(at, mode);
}

describe('the audit log', () => {
  let folder: string;
  let file: string;
  let warnings: string[];
  const log = (at = file) => createAuditLog({ file: at, clock, warn: (message) => warnings.push(message) });
  const lines = async (at = file) => {
    const text = await readFile(at, 'utf8');
    expect(text).toMatch(/\n$/);
    return text
      .slice(0, -1)
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  };
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'audit-log-'));
    file = join(folder, 'audit.jsonl');
    warnings = [];
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('has one line of JSON for the beginning and one for the end', async () => {
    const { begin, end } = log();
    await begin(record('1'));
    expect(await lines()).toEqual([{ time: '2026-11-24T01:02:03.004Z', phase: 'begin', ...record('1') }]);
    await end({ ...record('1'), outcome: 'ok' });
    expect((await lines())[1]).toEqual({
      time: '2026-11-24T01:02:03.004Z',
      phase: 'end',
      ...record('1'),
      outcome: 'ok',
    });
    expect(warnings).toEqual([]);
  });

  it('is readable only for its owner', async () => {
    await log().begin(record('1'));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  it('is opened when first needed, and continues an existing file', async () => {
    log();
    expect(await readdir(folder)).toEqual([]);
    await log().begin(record('1'));
    await log().begin(record('2'));
    expect((await lines()).map(({ id }) => id)).toEqual(['1', '2']);
  });

  it('keeps lines whole if several writers write at the same time', async () => {
    const logs = [log(), log(), log()];
    const ids = Array.from({ length: 90 }, (_, index) => String(index));
    const long = 'x'.repeat(20_000);
    await Promise.all(ids.map((id, index) => logs[index % 3]?.begin({ ...record(id), long })));
    const written = await lines();
    expect(new Set(written.map(({ id }) => id))).toEqual(new Set(ids));
    expect(written.every((line) => line.long === long)).toBe(true);
  });

  it('is created again after it was moved away', async () => {
    const { begin } = log();
    await begin(record('1'));
    await rename(file, `${file}.1`);
    await begin(record('2'));
    expect((await lines(`${file}.1`)).map(({ id }) => id)).toEqual(['1']);
    expect((await lines()).map(({ id }) => id)).toEqual(['2']);
  });

  it('continues in a file that replaced it', async () => {
    const { begin } = log();
    await begin(record('1'));
    await rename(file, `${file}.1`);
    await writeFile(file, '');
    await begin(record('2'));
    expect((await lines()).map(({ id }) => id)).toEqual(['2']);
  });

  it('reports a missing folder, and goes on when it is back', async () => {
    const { begin, end } = log();
    await begin(record('1'));
    await rm(folder, { recursive: true });
    await expect(begin(record('2'))).rejects.toThrow(/^the file cannot be written \(ENOENT\)$/);
    expect(warnings).toEqual([`The audit log ${file} cannot be written (ENOENT).`]);
    await expect(end(record('1'))).resolves.toBeUndefined();
    expect(warnings[1]).toMatch(/ cannot be written \(ENOENT\)\. Missing line: \{"time":.*"phase":"end","id":"1".*\}$/);
    await mkdir(folder);
    await begin(record('3'));
    expect((await lines()).map(({ id }) => id)).toEqual(['3']);
  });

  it.each([
    ['a folder', 'EISDIR', async (at: string) => void (await mkdir(at))],
    ['a link to itself', 'ELOOP', (at: string) => symlink(at, at)],
    // Another user may have created the link, to redirect our lines.
    ['a link to another file', 'ELOOP', (at: string) => symlink(`${at}.other`, at)],
    ['a file that everybody can change', 'WORLD_WRITABLE', (at: string) => exposed(at, 0o666)],
    // The line would be lost, or would wait for a reader that never comes.
    ['a pipe', 'ESPIPE', async (at: string) => void (await promisify(execFile)('mkfifo', [at]))],
  ])('reports that its path is %s', async (_, code, make) => {
    await make(file);
    await expect(log().begin(record('1'))).rejects.toThrow(`the file cannot be written (${code})`);
    await expect(tryAuditLog(file)).rejects.toMatchObject({ code });
  });

  it('reports that everybody could replace the file', async () => {
    await exposed(folder, 0o777);
    await expect(log().begin(record('1'))).rejects.toThrow('the file cannot be written (WORLD_WRITABLE)');
    // With the sticky bit on the folder, only the owner can.
    await exposed(folder, 0o1777);
    await log().begin(record('1'));
    const inner = join(folder, 'inner');
    await mkdir(inner);
    await exposed(folder, 0o777);
    await expect(log(join(inner, 'audit.jsonl')).begin(record('1'))).rejects.toThrow('(WORLD_WRITABLE)');
  });

  it.skipIf(userInfo().uid !== 0)('reports that another user has created it in a shared folder', async () => {
    await exposed(folder, 0o1777);
    await writeFile(file, '', { mode: 0o600 });
    await chown(file, 65_534, 65_534);
    await expect(log().begin(record('1'))).rejects.toThrow('the file cannot be written (NOT_OURS)');
    await exposed(folder, 0o755);
    await log().begin(record('1'));
  });

  it('reports a full disk', async () => {
    const { begin } = log('/dev/full');
    await expect(begin(record('1'))).rejects.toThrow('the file cannot be written (ENOSPC)');
    await expect(begin(record('2'))).rejects.toThrow('the file cannot be written (ENOSPC)');
  });

  it('begins a new line after one that was written in part', async () => {
    await log().begin(record('1'));
    const whole = await readFile(file, 'utf8');
    await writeFile(file, `${whole}{"time":"2026-11`);
    await log().begin(record('2'));
    const [first, torn, next, ...more] = (await readFile(file, 'utf8')).split('\n');
    expect([JSON.parse(first ?? '').id, torn, JSON.parse(next ?? '').id, more]).toEqual([
      '1',
      '{"time":"2026-11',
      '2',
      [''],
    ]);
  });

  it('can be a device', async () => {
    await expect(log('/dev/null').begin(record('1'))).resolves.toBeUndefined();
  });
});
