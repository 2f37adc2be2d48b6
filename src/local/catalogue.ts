import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import type { Image } from '../core/image.js';
import { zodMessages } from '../core/input/zod-messages.js';
import type { Images, OfferedImage } from '../core/ports.js';
import { userNamePattern } from '../core/text/identifiers.js';
import { systemCodeOf } from '../core/text/system-code.js';

// The name of a file may hold a space. A URL may not: we could not find a password with a space in a text.
const imageUrl = z
  .string()
  .regex(/^(file:\/\/\P{Cc}+|(https?|oci):\/\/[^\s\p{Cc}]+)$/u, 'must be an http, https, file or oci URL');
const size = z.int().positive();

/** The number of hex digits in a digest of each algorithm. */
const hexDigits = { md5: 32, sha1: 40, sha224: 56, sha256: 64, sha384: 96, sha512: 128 } as const;

// Ironic recognizes these algorithms by the length. Its agent compares the text with its own, which is in lower case.
const checksum = z
  .string()
  .regex(
    /^([0-9a-f]{32}|[0-9a-f]{64}|[0-9a-f]{128}|https?:\/\/\P{Cc}+)$/iu,
    'must be an md5, sha256 or sha512 in hex, or the http(s) URL of a file with one',
  )
  .transform((text) => (text.includes(':') ? text : text.toLowerCase()));

/** One image of the catalogue. Its fields are those of Ironic's `instance_info`, without the prefix `image_`, and `login_user`. */
const CatalogueImage = z
  .strictObject({
    source: imageUrl,
    checksum: checksum.optional(),
    os_hash_algo: z.literal(Object.keys(hexDigits) as (keyof typeof hexDigits)[]).optional(),
    os_hash_value: z.string().toLowerCase().optional(),
    kernel: imageUrl.optional(),
    ramdisk: imageUrl.optional(),
    disk_format: z.string().min(1).optional(),
    image_type: z.enum(['whole-disk', 'partition']).optional(),
    root_gb: size.optional(),
    architecture: z.string().min(1).optional(),
    login_user: z.string().regex(userNamePattern, 'must be the name of a user').optional(),
    capabilities: z.record(z.string(), z.string()).optional(),
    image_pull_secret: z.string().min(1).optional(),
  })
  .refine((image) => (image.os_hash_algo === undefined) === (image.os_hash_value === undefined), {
    message: 'os_hash_algo and os_hash_value belong together',
  })
  .superRefine(({ os_hash_algo: algo, os_hash_value: value }, { addIssue }) => {
    if (algo === undefined || value === undefined) return;
    if (value.length === hexDigits[algo] && /^[0-9a-f]*$/.test(value)) return;
    const message = `${algo === 'md5' ? 'an' : 'a'} ${algo} has ${hexDigits[algo]} hex digits`;
    addIssue({ code: 'custom', path: ['os_hash_value'], message });
  });
const Catalogue = z.record(z.string().min(1), CatalogueImage);
export type Catalogue = z.output<typeof Catalogue>;

/**
 * Reads an operator's image catalogue, YAML or JSON: name → image.
 * @throws Error whose message is one sentence that names the file and what is wrong with it
 */
export async function readCatalogue(file: string): Promise<Catalogue> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const code = systemCodeOf(error, 'unreadable');
    throw new Error(`The image catalogue ${file} cannot be read (${code}).`);
  }
  // Load this only if there is a catalogue.
  const { parseYaml } = await import('./yaml.js');
  let document: unknown;
  try {
    document = parseYaml(text);
  } catch (error) {
    throw new Error(
      `The image catalogue ${file} is not valid YAML: ${error instanceof Error ? error.message : error}.`,
    );
  }
  const result = Catalogue.safeParse(document ?? {}, { error: zodMessages });
  if (result.success) return result.data;
  const { issues } = result.error;
  // A misspelt field explains a missing one, so report it first.
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  const where = issue?.path.map(String).join('.');
  throw new Error(`The image catalogue ${file} is not valid: ${where ? `${where}: ` : ''}${issue?.message}.`);
}

/** Images by any URL that Ironic could fetch. */
const urlImages: Images = {
  list: async () => ({ images: [], complete: true, anyUrl: true }),
  async find(ref) {
    return imageUrl.safeParse(ref).success ? imageFrom(ref, null, { source: ref }) : null;
  },
};

/**
 * Images of the operator's catalogue.
 * @param otherwise Finds the images that the catalogue does not name: in Glance or, without Glance, by any URL.
 */
export function createCatalogueImages(catalogue: Catalogue, otherwise: Images = urlImages): Images {
  return {
    async list(signal) {
      const named = Object.entries(catalogue).map(([name, entry]) => offered(name, entry));
      const others = await otherwise.list(signal);
      return { ...others, images: [...named, ...others.images] };
    },

    async find(ref, signal) {
      const entry = Object.hasOwn(catalogue, ref) ? catalogue[ref] : undefined;
      if (!entry) return otherwise.find(ref, signal);
      return imageFrom(ref, ref, entry);
    },
  };
}

function imageFrom(id: string, name: string | null, image: Catalogue[string]): Image {
  return {
    id,
    name,
    instanceInfo: instanceInfo(image),
    minDiskGb: image.root_gb ?? 0,
    architecture: image.architecture ?? null,
    isPartition: image.image_type ? image.image_type === 'partition' : image.kernel !== undefined,
    loginUser: image.login_user ?? null,
    // Ironic needs no checksum from us for files and registries.
    lacksChecksum: /^https?:/.test(image.source) && image.checksum === undefined && image.os_hash_value === undefined,
  };
}

function offered(name: string, entry: Catalogue[string]): OfferedImage {
  const { minDiskGb, architecture, lacksChecksum } = imageFrom(name, name, entry);
  return {
    id: name,
    name,
    instanceInfo: { image_source: entry.source },
    sizeBytes: null,
    minDiskGb,
    architecture,
    format: entry.disk_format ?? null,
    obstacle: null,
    caveat: lacksChecksum ? 'it has no checksum, and some servers require one' : null,
  };
}

function instanceInfo(image: Catalogue[string]): Image['instanceInfo'] {
  const members: [string, unknown][] = [
    ['image_source', image.source],
    ['image_checksum', image.checksum],
    ['image_os_hash_algo', image.os_hash_algo],
    ['image_os_hash_value', image.os_hash_value],
    ['kernel', image.kernel],
    ['ramdisk', image.ramdisk],
    ['image_disk_format', image.disk_format],
    ['image_type', image.image_type],
    ['root_gb', image.root_gb],
    ['capabilities', image.capabilities],
    ['image_pull_secret', image.image_pull_secret],
  ];
  return Object.fromEntries(members.filter(([, value]) => value !== undefined));
}
