import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Every file of the repository except recorded data. */
const files = ['src', 'tests', 'tools', 'bench', 'docs', 'examples']
  .flatMap((root) => readdirSync(root, { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile())
  .map(({ parentPath, name }) => join(parentPath, name))
  .filter((file) => !/^tests\/golden\/|__snapshots__/.test(file));
const sources = files.filter((file) => /^src\/.*\.ts$/.test(file));

const inFolder = (folder: string) => files.filter((file) => dirname(file) === folder);

/** The room of a source: its folder inside `root`, or the file itself if it has none. */
function roomOf(root: string, source: string): string {
  const folder = dirname(source);
  return folder === root ? source : folder;
}

/** For each room of a folder, the rooms from which it imports. */
function imports(root: string): Map<string, Set<string>> {
  const rooms = new Map<string, Set<string>>();
  for (const source of sources.filter((each) => each.startsWith(`${root}/`))) {
    const room = roomOf(root, source);
    const others = rooms.get(room) ?? new Set();
    rooms.set(room, others);
    for (const [, path = ''] of readFileSync(source, 'utf8').matchAll(/(?:from |import |import\()'(\.[^']+)\.js'/g)) {
      const other = roomOf(root, `${join(dirname(source), path)}.ts`);
      if (other !== room) others.add(other);
    }
  }
  return rooms;
}

/**
 * The rooms that have no floor. Takes the rooms that import from no other room away, floor by floor. The rest is in a circle of
 * imports, or above one.
 */
function unplaceable(rooms: Map<string, Set<string>>): string[] {
  const left = new Set(rooms.keys());
  const isFree = (room: string) => ![...(rooms.get(room) ?? [])].some((other) => left.has(other));
  for (let floor = [...left].filter(isFree); floor.length > 0; floor = [...left].filter(isFree)) {
    for (const room of floor) left.delete(room);
  }
  return [...left];
}

describe('the house', () => {
  it('has no folder with more than 18 files', () => {
    const folders = [...new Set(files.map((file) => dirname(file)))];
    expect(folders.filter((folder) => inFolder(folder).length > 18)).toEqual([]);
  });

  it('keeps few files at the top of core and of the simulator', () => {
    expect(inFolder('src/core').length).toBeLessThanOrEqual(16);
    expect(inFolder('src/simulator').length).toBeLessThanOrEqual(6);
  });

  it('has no source of more than 310 lines', () => {
    expect(sources.filter((source) => readFileSync(source, 'utf8').split('\n').length - 1 > 310)).toEqual([]);
  });

  it.each(['src/core', 'src/simulator'])('has rooms in %s that import from lower floors only', (root) => {
    expect(unplaceable(imports(root))).toEqual([]);
  });
});
