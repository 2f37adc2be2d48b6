// Turns tsc's declarations into the ones of the package: plain types, and only the files that index.d.ts needs. Fails if
// one needs another package, because a user of the library does not have it.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const dist = 'dist';
const needed = filesFrom(join(dist, 'index.d.ts'));

// A type made from a schema: tsc leaves `z.output<typeof X>` in a declaration, which is `any` to a user without zod.
const typeOfSchema = /^export type (\w+) = z\.(?:input|output)<typeof \w+>;$/gm;
const schema = /^(?:export )?declare const \w+: .*\bz\..*\n(?:[ }].*\n)*/gm;
const commentOnNothing = /^\/\*\*.*\n(?: \*.*\n)*(?=\/\*\*)/gm;
const importOfZod = /^import (?:type )?\* as z from 'zod';\n(?![\s\S]*\bz\.)/m;

const plain = plainTypes();
for (const file of needed) {
  const text = readFileSync(file, 'utf8')
    .replace(typeOfSchema, (line, name) => (plain.has(name) ? `export type ${name} = ${plain.get(name)};` : line))
    .replace(schema, '')
    .replace(commentOnNothing, '')
    .replace(importOfZod, '');
  writeFileSync(file, text);
  const other = importsOf(file).find((from) => !from.startsWith('.'));
  if (other) throw new Error(`${file} shows a type of ${other}`);
}

const files = readdirSync(dist, { recursive: true }).map((name) => join(dist, name));
for (const file of files) if (file.endsWith('.d.ts') && !needed.has(file)) rmSync(file);
for (const entry of readdirSync(dist, { withFileTypes: true })) {
  if (entry.isDirectory() && readdirSync(join(dist, entry.name)).length === 0) rmdirSync(join(dist, entry.name));
}

/** A declaration file and every file that it imports, directly or indirectly. */
function filesFrom(file, found = new Set()) {
  if (found.has(file)) return found;
  found.add(file);
  for (const from of importsOf(file)) {
    if (from.startsWith('.')) filesFrom(join(dirname(file), from).replace(/\.js$/, '.d.ts'), found);
  }
  return found;
}

function importsOf(file) {
  const imports = readFileSync(file, 'utf8').matchAll(/(?:\bfrom |\bimport\(|^import )'([^']+)'/gm);
  return [...imports].map(([, from]) => from);
}

/**
 * The types made from schemas, written out in full, by their names. tsc writes a type out if the source does not name it. So
 * this compiles a constant of each type and reads the constant's declaration.
 */
function plainTypes() {
  const source = join(dist, 'plain-types.ts');
  const declarations = join(dist, 'plain-types.d.ts');
  const constants = [...needed].flatMap((file) => {
    const module = `./${relative(dist, file)
      .replaceAll('\\', '/')
      .replace(/\.d\.ts$/, '.js')}`;
    const names = [...readFileSync(file, 'utf8').matchAll(typeOfSchema)].map(([, name]) => name);
    return names.map((name) => `export const ${name} = constant<import('${module}').${name}>();`);
  });
  writeFileSync(source, ['declare function constant<Type>(): Type;', ...constants].join('\n'));
  const tsc = join('node_modules', 'typescript', 'bin', 'tsc');
  const options = '--ignoreConfig --strict --exactOptionalPropertyTypes --skipLibCheck --module nodenext';
  const emit = '--target es2023 --declaration --emitDeclarationOnly';
  execFileSync(process.execPath, [tsc, ...options.split(' '), ...emit.split(' '), source], { stdio: 'inherit' });
  const written = readFileSync(declarations, 'utf8').matchAll(/^export declare const (\w+): (\{\n(?: .*\n)*\});$/gm);
  const types = new Map([...written].map(([, name, type]) => [name, type]));
  rmSync(source);
  rmSync(declarations);
  return types;
}
