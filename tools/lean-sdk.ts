import { readFile } from 'node:fs/promises';
import type { Options } from 'tsup';

type Plugin = NonNullable<Options['esbuildPlugins']>[number];

/**
 * Leaves out of the MCP SDK what this program never uses, which is half of what the SDK does when it is loaded: AJV,
 * the validator for servers that bring none of their own, and a zod schema for each type of the protocol. The code
 * that runs is the SDK's own; the bundler is only told what has no effect but to exist.
 *
 * Fails the build when the SDK has changed so that nothing is found to leave out.
 */
export function leanSdk(): Plugin {
  return {
    name: 'lean-sdk',
    setup(build) {
      const left = new Set(Object.keys(cuts));
      for (const [file, cut] of Object.entries(cuts)) {
        build.onLoad({ filter: new RegExp(`[\\\\/]@modelcontextprotocol[\\\\/]${file}$`) }, async ({ path }) => {
          const text = await readFile(path, 'utf8');
          const contents = cut(text);
          if (contents !== text) left.delete(file);
          return { contents };
        });
      }
      build.onEnd(({ errors }) => {
        if (errors.length === 0 && left.size > 0) {
          throw new Error(`The MCP SDK has changed: look anew at what can be left out of ${[...left].join(', ')}`);
        }
      });
    },
  };
}

/** By file: how it reads without what is not needed. */
const cuts: Readonly<Record<string, (text: string) => string>> = {
  'server[\\\\/]dist[\\\\/]shimsNode\\.mjs': () =>
    'export const { process } = globalThis;\nexport const DefaultJsonSchemaValidator = undefined;',
  // A table of the schemas below, by the names of their types.
  'server[\\\\/]dist[\\\\/]src-\\w+\\.mjs': (text) => text.replace(/^for \(const .* register\(key, .*\);\n/gm, ''),
  // Marked as free of side effects, those that nobody asks for are dropped.
  'core[\\\\/]dist[\\\\/](auth|schemas)-[\\w-]+\\.mjs': (text) =>
    text.replace(/^const (\w+Schema) = (.*?);$(?=\n(?:\n|[^\s})\]]))/gms, 'const $1 = /* @__PURE__ */ (() => $2)();'),
};
