import { readFile } from 'node:fs/promises';
import type { Options } from 'tsup';

type Plugin = NonNullable<Options['esbuildPlugins']>[number];

interface Change {
  /** Ends of the paths of the files that are changed. */
  readonly file: RegExp;
  readonly what: RegExp;
  readonly into: string;
}

const serverFile = /[\\/]server[\\/]dist[\\/]src-\w+\.mjs$/;

/**
 * Leaves out of the MCP SDK what this program never uses and what takes long to say nothing, for which the SDK has no
 * option. What it does is the same.
 */
const changes: readonly Change[] = [
  // A zod schema for each type of the protocol is made when the SDK is loaded: a fifth of the CPU time of a start. Marked
  // as free of side effects, those that nobody asks for are dropped by the bundler.
  {
    file: /[\\/]core[\\/]dist[\\/](auth|schemas)-[\w-]+\.mjs$/,
    what: /^const (\w+Schema) = (.*?);$(?=\n(?:\n|[^\s})\]]))/gms,
    into: 'const $1 = /* @__PURE__ */ (() => $2)();',
  },
  // A table of them by the names of their types.
  {
    file: serverFile,
    what: /^for \(const .* register\(key, .*\);\n/gm,
    into: '',
  },
  // Each message is held against the schemas of all kinds until one fits, and for each that does not zod writes down all
  // that is wrong: half of the SDK's time. A message without a member that its kind must have is of another kind.
  ...[
    ['Request', 'value.method !== undefined && value.id !== undefined'],
    ['Notification', 'value.method !== undefined && value.id === undefined'],
    ['ResultResponse', 'value.result !== undefined'],
    ['ErrorResponse', 'value.error !== undefined'],
  ].map(([kind, musts]) => ({
    file: serverFile,
    what: new RegExp(`^(const isJSONRPC${kind} = \\(value\\) =>) (\\w+\\.safeParse\\(value\\)\\.success;)$`, 'gm'),
    into: `$1 value != null && ${musts} && $2`,
  })),
];

/** Makes the changes; fails the build when the SDK has become another, so that there is nothing to change. */
export function leanSdk(): Plugin {
  return {
    name: 'lean-sdk',
    setup(build) {
      const left = new Set(changes);
      build.onLoad({ filter: /[\\/]@modelcontextprotocol[\\/].*\.mjs$/ }, async ({ path }) => {
        let contents = await readFile(path, 'utf8');
        for (const change of changes.filter(({ file }) => file.test(path))) {
          const changed = contents.replace(change.what, change.into);
          if (changed !== contents) left.delete(change);
          contents = changed;
        }
        return { contents };
      });
      build.onEnd(({ errors }) => {
        if (errors.length > 0 || left.size === 0) return;
        const missed = [...left].map(({ file, what }) => `${what} in ${file}`).join('; ');
        throw new Error(`The MCP SDK has changed: look anew at what can be left out of it. There is no ${missed}`);
      });
    },
  };
}
