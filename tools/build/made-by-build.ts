import type { Options } from 'tsup';

type Plugin = NonNullable<Options['esbuildPlugins']>[number];

/** Runs these modules of src during the build and puts their exports in their place, so that the program contains only data. */
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
