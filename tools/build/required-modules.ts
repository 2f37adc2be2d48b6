import { isBuiltin } from 'node:module';
import type { Options } from 'tsup';

type Plugin = NonNullable<Options['esbuildPlugins']>[number];

/** Lets CommonJS packages require Node's own modules. Modules of the bundle have no `require`. */
export function requiredModules(): Plugin {
  return {
    name: 'required-modules',
    setup(build) {
      build.onResolve({ filter: /^[a-z_]+\d?$/ }, ({ kind, path }) =>
        kind === 'require-call' && isBuiltin(path) ? { path, namespace: 'required' } : undefined,
      );
      build.onLoad({ filter: /.*/, namespace: 'required' }, ({ path }) => ({
        contents: `export * from 'node:${path}'`,
      }));
    },
  };
}
