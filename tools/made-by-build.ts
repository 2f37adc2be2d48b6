import type { Options } from 'tsup';

type Plugin = NonNullable<Options['esbuildPlugins']>[number];

/** Puts what these modules of src export, run here, in their place: only data gets into the program. */
export function madeByBuild(modules: Readonly<Record<string, object>>): Plugin {
  return {
    name: 'made-by-build',
    setup(build) {
      for (const [name, exported] of Object.entries(modules)) {
        const contents = Object.entries(exported)
          .map(([key, value]) => `export const ${key} = ${JSON.stringify(value)};`)
          .join('\n');
        build.onLoad({ filter: new RegExp(`[\\\\/]src[\\\\/]${name.replace('/', '[\\\\/]')}\\.ts$`) }, () => ({
          contents,
        }));
      }
    },
  };
}
