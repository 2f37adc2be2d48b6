import { constants, type Stats } from 'node:fs';
import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { dirname } from 'node:path';
import type { Audit, AuditRecord, Clock } from '../core/ports.js';
import { systemCodeOf } from '../core/text/system-code.js';

export interface AuditLogOptions {
  readonly file: string;
  readonly clock: Clock;
  /** Tells the operator. */
  readonly warn: (message: string) => void;
}

// Whoever opens it so has each write on disk before the next step; Windows has no such flag.
const durable: number | undefined = constants.O_DSYNC;
// Nor has it links of this kind, or rights that mean what they mean elsewhere.
const noFollow: number | undefined = constants.O_NOFOLLOW;
const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | (durable ?? 0) | (noFollow ?? 0);
const mode = 0o600;

/**
 * The audit log as a file of JSON lines. Each is one write at the end of the file, so that several processes may share
 * it; and the file is opened for each, so that one which was moved away is made anew, as those who rotate logs want.
 */
export function createAuditLog({ file, clock, warn }: AuditLogOptions): Audit {
  async function append(phase: 'begin' | 'end', record: AuditRecord): Promise<void> {
    const line = JSON.stringify({ time: new Date(clock.now()).toISOString(), phase, ...record });
    try {
      await write(file, Buffer.from(`${line}\n`));
    } catch (error) {
      const code = systemCodeOf(error);
      warn(`The audit log ${file} cannot be written (${code}).${phase === 'end' ? ` It lacks: ${line}` : ''}`);
      throw new Error(`the file cannot be written (${code})`, { cause: error });
    }
  }

  return {
    begin: (record) => append('begin', record),
    end: (record) => append('end', record).catch(() => undefined),
  };
}

/**
 * Opens the audit log, and makes it if there is none, without writing anything.
 * @throws Error with the code of the system call
 */
export async function tryAuditLog(file: string): Promise<void> {
  await withLog(file, async () => undefined);
}

async function write(file: string, line: Buffer): Promise<void> {
  await withLog(file, async (handle) => {
    // When the disk was full, a part of a line may have been written last: this one is no rest of it. Another process in
    // the middle of its write looks the same, and then an empty line comes between the two.
    const bytes = (await isTorn(handle)) ? Buffer.concat([Buffer.from('\n'), line]) : line;
    const { bytesWritten } = await handle.write(bytes);
    if (bytesWritten < bytes.length) throw Object.assign(new Error('a line was written in part'), { code: 'ENOSPC' });
    if (durable === undefined) await handle.datasync();
  });
}

async function withLog(file: string, action: (handle: FileHandle) => Promise<void>): Promise<void> {
  const handle = await open(file, flags, mode);
  try {
    // A pipe keeps nothing: without a reader a line is gone, and with a slow one all changes would wait.
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

/** Refuses a file that another user of the machine could rewrite or replace, or has put there for us to find. */
async function checkRights(file: string, { mode, uid }: Stats): Promise<void> {
  if (mode & writableByAll) throw refusal('WORLD_WRITABLE');
  const folder = await realpath(dirname(file));
  for (let each = folder; ; each = dirname(each)) {
    const rights = (await stat(each)).mode;
    const forAll = (rights & writableByAll) !== 0;
    // With the sticky bit nobody can replace what is another's, but anybody can make it first.
    if (forAll && !(rights & sticky)) throw refusal('WORLD_WRITABLE');
    if (forAll && each === folder && !isTrusted(uid)) throw refusal('NOT_OURS');
    if (each === dirname(each)) return;
  }
}

/** Whether that is the administrator or this process's own user; nobody knows where that has no name, as in some containers. */
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
