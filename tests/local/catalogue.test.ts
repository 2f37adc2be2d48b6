import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Images, OfferedImage } from '../../src/core/ports.js';
import { createCatalogueImages, readCatalogue } from '../../src/local/catalogue.js';

const forever = new AbortController().signal;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'catalogue-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function fileWith(text: string | Uint8Array, name = 'images.yaml'): Promise<string> {
  const file = join(folder, name);
  await writeFile(file, text);
  return file;
}

/** The error about such a file, without its beginning and the file's name. */
async function problemIn(text: string): Promise<string> {
  const file = await fileWith(text);
  const error = await readCatalogue(file).then(
    () => new Error('It was read.'),
    (reason: Error) => reason,
  );
  const beginning = `The image catalogue ${file} is not valid`;
  expect(error.message.slice(0, beginning.length)).toBe(beginning);
  return error.message.slice(beginning.length);
}

const url = 'http://images.example/ubuntu.qcow2';
const md5 = 'd41d8cd98f00b204e9800998ecf8427e';
const sha256 = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

describe('an image catalogue', () => {
  it('can be YAML', async () => {
    const file = await fileWith(
      `# our images\nubuntu-24.04:\n  source: ${url}\n  os_hash_algo: sha256\n  os_hash_value: ${sha256}\n  root_gb: 10\n`,
    );
    await expect(readCatalogue(file)).resolves.toEqual({
      'ubuntu-24.04': { source: url, os_hash_algo: 'sha256', os_hash_value: sha256, root_gb: 10 },
    });
  });

  it('can be JSON', async () => {
    const file = await fileWith(JSON.stringify({ a: { source: 'oci://registry.example/a:1' } }), 'images.json');
    await expect(readCatalogue(file)).resolves.toEqual({ a: { source: 'oci://registry.example/a:1' } });
  });

  it('is valid in the form that the documentation shows', async () => {
    const [, example] = /^```yaml\n(.+?)^```/ms.exec(await readFile('docs/configuration.md', 'utf8')) ?? [];
    await expect(readCatalogue(await fileWith(example ?? ''))).resolves.toMatchObject({
      'debian-12': { os_hash_algo: 'sha256' },
    });
  });

  it.each([
    ['md5', 32],
    ['sha1', 40],
    ['sha224', 56],
    ['sha256', 64],
    ['sha384', 96],
    ['sha512', 128],
  ])('accepts as a digest by %s only %i hex digits', async (algo, digits) => {
    const text = (value: string) =>
      `debian-12:\n  source: ${url}\n  os_hash_algo: ${algo}\n  os_hash_value: "${value}"\n`;
    // Ironic's agent compares digests as texts, and writes its own in lower case.
    await expect(readCatalogue(await fileWith(text('A'.repeat(digits))))).resolves.toMatchObject({
      'debian-12': { os_hash_value: 'a'.repeat(digits) },
    });
    for (const value of ['', '0c5a1b…', 'a'.repeat(digits - 1), 'a'.repeat(digits + 1), 'z'.repeat(digits)]) {
      expect(await problemIn(text(value)), value).toBe(
        `: debian-12.os_hash_value: ${algo === 'md5' ? 'an' : 'a'} ${algo} has ${digits} hex digits.`,
      );
    }
  });

  it.each([
    [md5, md5],
    [sha256, sha256],
    [sha256.repeat(2), sha256.repeat(2)],
    [sha256.toUpperCase(), sha256],
    ['https://images.example/SHA256SUMS', 'https://images.example/SHA256SUMS'],
  ])('accepts %s as a checksum, as Ironic does', async (checksum, read) => {
    const file = await fileWith(`a:\n  source: ${url}\n  checksum: ${checksum}\n`);
    await expect(readCatalogue(file)).resolves.toEqual({ a: { source: url, checksum: read } });
  });

  it.each(['zzz', '', '0c5a1b…', 'z'.repeat(64), 'a'.repeat(40), `sha256:${sha256}`, 'ftp://images.example/SUMS'])(
    'does not accept "%s" as a checksum',
    async (checksum) => {
      expect(await problemIn(`a:\n  source: ${url}\n  checksum: "${checksum}"\n`)).toBe(
        ': a.checksum: must be an md5, sha256 or sha512 in hex, or the http(s) URL of a file with one.',
      );
    },
  );

  it.each(['', '# nothing yet\n', '{}', 'null'])('can be empty: %j', async (text) => {
    await expect(readCatalogue(await fileWith(text))).resolves.toEqual({});
  });

  it('must exist', async () => {
    const file = join(folder, 'nosuch.yaml');
    await expect(readCatalogue(file)).rejects.toThrow(`The image catalogue ${file} cannot be read (ENOENT).`);
  });

  it('must be a file', async () => {
    await expect(readCatalogue(folder)).rejects.toThrow(`The image catalogue ${folder} cannot be read (EISDIR).`);
  });

  it('must be YAML, and the error names the wrong line in one sentence', async () => {
    const problem = await problemIn(`good:\n  source: ${url}\nbad:\n  source: a: b\n`);
    expect(problem).toMatch(/^ YAML: .+ at line 4, column \d+\.$/);
  });

  it('must not name an image twice', async () => {
    expect(await problemIn(`a:\n  source: ${url}\na:\n  source: ${url}\n`)).toMatch(
      /^ YAML: duplicated .* at line 3, column 1\.$/,
    );
  });

  it.each([
    ['a member that it does not know', `a:\n  source: ${url}\n  chekcsum: "1"\n`, ': a: unknown member "chekcsum".'],
    ['a misspelt source', `a:\n  sourc: ${url}\n`, ': a: unknown member "sourc".'],
    ['no source', `a:\n  checksum: ${md5}\n`, ': a.source: is missing.'],
    ['an invalid source', 'a:\n  source: ubuntu\n', ': a.source: must be an http, https, file or oci URL.'],
    [
      'a space in its source',
      'a:\n  source: https://images.example/a b\n',
      ': a.source: must be an http, https, file or oci URL.',
    ],
    [
      'half a hash',
      `a:\n  source: ${url}\n  os_hash_algo: sha256\n`,
      ': a: os_hash_algo and os_hash_value belong together.',
    ],
    [
      'the other half of a hash',
      `a:\n  source: ${url}\n  os_hash_value: "1"\n`,
      ': a: os_hash_algo and os_hash_value belong together.',
    ],
    ['an image that is a text', `a: ${url}\n`, ': a: must be an object.'],
    ['an image without a name', `"":\n  source: ${url}\n`, ': a name must not be empty.'],
    ['a list', `- source: ${url}\n`, ': must be an object.'],
    ['a text', 'just a text\n', ': must be an object.'],
  ])('with %s is refused', async (_, text, problem) => {
    expect(await problemIn(text)).toBe(problem);
  });

  it.each([
    ['a size of zero', 'root_gb: 0', 'must be more than 0'],
    ['half a size', 'root_gb: 1.5', 'must be a whole number'],
    ['a size as text', 'root_gb: "10"', 'must be a number'],
    ['another hash', 'os_hash_algo: crc32', 'must be one of md5, sha1, sha224, sha256, sha384, sha512'],
    ['another type', 'image_type: iso', 'must be one of whole-disk, partition'],
    ['an empty format', 'disk_format: ""', 'must not be empty'],
    ['an invalid kernel', 'kernel: vmlinuz', 'must be an http, https, file or oci URL'],
    ['capabilities that are none', 'capabilities: uefi', 'must be an object'],
    ['a secret that is a number', 'image_pull_secret: 4711', 'must be a string'],
  ])('with %s is refused', async (_, member, problem) => {
    expect(await problemIn(`a:\n  source: ${url}\n  ${member}\n`)).toBe(`: a.${member.split(':')[0]}: ${problem}.`);
  });
});

describe('an image of the catalogue', () => {
  const images = createCatalogueImages({
    ubuntu: { source: url, checksum: md5, root_gb: 10, architecture: 'x86_64', login_user: 'ubuntu' },
    whole: {
      source: url,
      os_hash_algo: 'sha256',
      os_hash_value: sha256,
      disk_format: 'raw',
      image_type: 'whole-disk',
      capabilities: { boot_mode: 'uefi' },
    },
    partition: { source: url, kernel: 'file:///vmlinuz', ramdisk: 'file:///initrd', checksum: md5 },
    registry: { source: 'oci://registry.example/a:1', image_pull_secret: 'pull' },
    bare: { source: url },
  });

  it('is found by its name, with the fields of Ironic', async () => {
    await expect(images.find('ubuntu', forever)).resolves.toEqual({
      id: 'ubuntu',
      name: 'ubuntu',
      instanceInfo: { image_source: url, image_checksum: md5, root_gb: 10 },
      minDiskGb: 10,
      architecture: 'x86_64',
      isPartition: false,
      loginUser: 'ubuntu',
      lacksChecksum: false,
    });
    await expect(images.find('whole', forever)).resolves.toMatchObject({
      instanceInfo: {
        image_source: url,
        image_os_hash_algo: 'sha256',
        image_os_hash_value: sha256,
        image_disk_format: 'raw',
        image_type: 'whole-disk',
        capabilities: { boot_mode: 'uefi' },
      },
    });
  });

  it('is a partition image if it has a kernel', async () => {
    await expect(images.find('partition', forever)).resolves.toMatchObject({
      isPartition: true,
      instanceInfo: { image_source: url, image_checksum: md5, kernel: 'file:///vmlinuz', ramdisk: 'file:///initrd' },
    });
    await expect(images.find('whole', forever)).resolves.toMatchObject({ isPartition: false });
  });

  it('lacks a checksum only if Ironic needs one', async () => {
    await expect(images.find('bare', forever)).resolves.toMatchObject({ lacksChecksum: true });
    await expect(images.find('registry', forever)).resolves.toMatchObject({
      lacksChecksum: false,
      instanceInfo: { image_source: 'oci://registry.example/a:1', image_pull_secret: 'pull' },
    });
    await expect(images.find('file:///var/lib/ironic/a.raw', forever)).resolves.toMatchObject({ lacksChecksum: false });
    await expect(images.find(url, forever)).resolves.toMatchObject({ lacksChecksum: true });
  });

  it.each([url, 'https://images.example/a', 'file:///my images/a.raw', 'oci://registry.example/a:1'])(
    'can be the URL %s instead',
    async (ref) => {
      await expect(images.find(ref, forever)).resolves.toMatchObject({
        id: ref,
        name: null,
        instanceInfo: { image_source: ref },
      });
    },
  );

  it.each([
    'nosuch',
    '',
    'ftp://images.example/a',
    'http://',
    'http:/a',
    'http://a\nb',
    'https://user:pa ss@images.example/a',
    'oci://user:pa\u3000ss@registry.example/a:1',
    ' http://a',
    '__proto__',
    'constructor',
  ])('is not %j', async (ref) => {
    await expect(images.find(ref, forever)).resolves.toBeNull();
  });

  it('is in the list, but no URL is', async () => {
    const all = await images.list(forever);
    expect(all).toMatchObject({ complete: true, anyUrl: true });
    expect(all.images).toContainEqual({
      id: 'ubuntu',
      name: 'ubuntu',
      instanceInfo: { image_source: url },
      sizeBytes: null,
      minDiskGb: 10,
      architecture: 'x86_64',
      format: null,
      obstacle: null,
      caveat: null,
    });
    expect(all.images.map(({ name, format }) => [name, format])).toEqual([
      ['ubuntu', null],
      ['whole', 'raw'],
      ['partition', null],
      ['registry', null],
      ['bare', null],
    ]);
    const nothing = { images: [], complete: true, anyUrl: true };
    await expect(createCatalogueImages({}).list(forever)).resolves.toEqual(nothing);
  });

  it('has a note in the list if it has no checksum', async () => {
    const caveats = (await images.list(forever)).images.filter(({ caveat }) => caveat !== null);
    expect(caveats).toEqual([
      expect.objectContaining({ name: 'bare', caveat: 'it has no checksum, and some servers require one' }),
    ]);
  });

  it('is looked for elsewhere if the catalogue does not name it', async () => {
    const asked: string[] = [];
    const elsewhere: OfferedImage = {
      id: 'from Glance',
      name: null,
      instanceInfo: { image_source: 'from Glance' },
      sizeBytes: 1,
      minDiskGb: 0,
      architecture: null,
      format: 'raw',
      obstacle: null,
      caveat: null,
    };
    const glance: Images = {
      async find(ref) {
        asked.push(ref);
        return null;
      },
      list: async () => ({ images: [elsewhere], complete: false, anyUrl: false }),
    };
    const both = createCatalogueImages({ ubuntu: { source: url } }, glance);
    await expect(both.find('ubuntu', forever)).resolves.toMatchObject({ name: 'ubuntu' });
    await expect(both.find('debian', forever)).resolves.toBeNull();
    expect(asked).toEqual(['debian']);
    await expect(both.list(forever)).resolves.toMatchObject({
      images: [{ id: 'ubuntu' }, elsewhere],
      complete: false,
      anyUrl: false,
    });
  });
});
