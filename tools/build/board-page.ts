import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Options } from 'tsup';
import { icons } from '../../src/mcp/icon.js';

type Plugin = NonNullable<Options['esbuildPlugins']>[number];

/** Makes one page from src/board, with everything in it, and puts it in the place of src/board-page.ts. */
export function boardPage(): Plugin {
  return {
    name: 'board-page',
    setup({ onLoad, esbuild }) {
      const bundled = async (entry: string) => {
        const options = { bundle: true, minify: true, write: false, target: 'es2022', charset: 'utf8' } as const;
        const { outputFiles } = await esbuild.build({ ...options, entryPoints: [entry], legalComments: 'none' });
        return outputFiles[0]?.text.trim() ?? '';
      };
      onLoad({ filter: /[\\/]src[\\/]board-page\.ts$/ }, async () => {
        const [template, style, script] = await Promise.all([
          readFile('src/board/board.html', 'utf8'),
          bundled('src/board/board.css'),
          bundled('src/board/main.ts'),
        ]);
        const parts: Readonly<Record<string, string>> = { style, script, icon: icons[0]?.src ?? '' };
        const html = template.replace(/\{\{(\w+)\}\}/g, (_, name: string) => parts[name] ?? '');
        return { contents: `export const boardPage = ${JSON.stringify({ html, policy: policyFor(style, script) })};` };
      });
    },
  };
}

/** The page may run its own script, ask its own server, and nothing else. It may not even make markup from a string. */
function policyFor(style: string, script: string): string {
  const hash = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  return [
    "default-src 'none'",
    `script-src ${hash(script)}`,
    `style-src ${hash(style)}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
}
