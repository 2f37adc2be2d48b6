import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import type { Audit, AuditRecord, Clock } from '../core/ports.js';
import { systemCodeOf } from '../core/text/system-code.js';

export interface AuditLogOptions {
  readonly file: string;
  readonly clock: Clock;
  /** Warns the operator. */
  readonly warn: (message: string) => void;
}

// With this flag, a write returns when the data is on the disk. Windows does not have it.
const durable: number | undefined = constants.O_DSYNC;
// Windows has neither such links nor comparable rights.
const noFollow: number | undefined = constants.O_NOFOLLOW;
const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | (durable ?? 0) | (noFollow ?? 0);
const mode = 0o600;

/**
 * The audit log as a file of JSON lines. Each line is one write at the end of the file, so that several processes can share
 * it. We open the file for each line and create it if it was moved away, as log rotation requires.
 */
export function createAuditLog({ file, clock, warn }: AuditLogOptions): Audit {
  async function append(phase: 'begin' | 'end', record: AuditRecord): Promise<void> {
    const line = JSON.stringify({ time: new Date(clock.now()).toISOString(), phase, ...record });
    try {
      await write(file, Buffer.from(`${line}\n`));
    } catch (error) {
      const code = systemCodeOf(error);
      warn(`The audit log ${file} cannot be written (${code}).${phase === 'end' ? ` Missing line: ${line}` : ''}`);
      throw new Error(`the file cannot be written (${code})`, { cause: error });
    }
  }

  return {
    begin: (record) => append('begin', record),
    end: (record) => append('end', record).catch(() => undefined),
  };
}

/**
 * Opens the audit log, creates it if it is missing, and writes nothing.
 * @throws Error with the code of the system call
 */
export async function tryAuditLog(file: string): Promise<void> {
  await withLog(file, async () => undefined);
}

async function write(file: string, line: Buffer): Promise<void> {
  await withLog(file, async (handle) => {
    // A full disk may have cut the last line: begin a new one. Another process in the middle of its write looks the same, and
    // then an empty line comes between the two.
    const bytes = (await isTorn(handle)) ? Buffer.concat([Buffer.from('\n'), line]) : line;
    const { bytesWritten } = await handle.write(bytes);
    if (bytesWritten < bytes.length) throw Object.assign(new Error('a line was cut off'), { code: 'ENOSPC' });
    if (durable === undefined) await handle.datasync();
  });
}

async function withLog(file: string, action: (handle: FileHandle) => Promise<void>): Promise<void> {
  const handle = await open(file, flags, mode);
  try {
    // A pipe keeps nothing: without a reader a line is lost, and a slow reader would hold up all changes.
    const status = await handle.stat();
    if (status.isFIFO()) throw refusal('ESPIPE');
    if (noFollow !== undefined && status.isFile()) await checkRights(file, status);
    await action(handle);
  } finally {
    await handle.close();
  }
}

const writableByAll = 0o002;
const sticky = 0o1000;

/** Refuses a file that another user of this machine could rewrite or replace, or has created before us. */
async function checkRights(file: string, { mode, uid }: Stats): Promise<void> {
  if (mode & writableByAll) throw refusal('WORLD_WRITABLE');
  const folder = await realpath(dirname(file));
  for (let each = folder; ; each = dirname(each)) {
    const rights = (await stat(each)).mode;
    const forAll = (rights & writableByAll) !== 0;
    // With the sticky bit nobody can replace another user's file, but anybody can create it first.
    if (forAll && !(rights & sticky)) throw refusal('WORLD_WRITABLE');
    if (forAll && each === folder && !isTrusted(uid)) throw refusal('NOT_OURS');
    if (each === dirname(each)) return;
  }
}

/** Whether that user is root or runs this process. In some containers our user has no name: then we trust the file. */
function isTrusted(uid: number): boolean {
  try {
    return uid === 0 || uid === userInfo().uid;
  } catch {
    return true;
  }
}

function refusal(code: string): Error {
  return Object.assign(new Error(code), { code });
}

/** Whether a file ends in the middle of a line. */
async function isTorn(handle: FileHandle): Promise<boolean> {
  const { size } = await handle.stat();
  if (size === 0) return false;
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1);
  return bytesRead === 1 && buffer.toString('latin1') !== '\n';
}
