import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Options } from 'tsup';
import { type BundledPackage, bundledPackages } from './bundled-packages.js';

type Plugin = NonNullable<Options['esbuildPlugins']>[number];

/** Writes the licences of all bundled packages and an SBOM beside the program. */
export function thirdParty(): Plugin {
  return {
    name: 'third-party',
    setup(build) {
      const folder = build.initialOptions.outdir ?? '.';
      build.initialOptions.metafile = true;
      build.onEnd(({ metafile }) => {
        if (!metafile) return;
        const packages = bundledPackages(metafile);
        mkdirSync(folder, { recursive: true });
        writeFileSync(join(folder, 'THIRD-PARTY-NOTICES.txt'), noticesOf(packages));
        writeFileSync(join(folder, 'sbom.cdx.json'), `${JSON.stringify(sbomOf(packages), null, 1)}\n`);
      });
    },
  };
}

function noticesOf(packages: readonly BundledPackage[]): string {
  const byText = new Map<string, BundledPackage[]>();
  for (const each of packages) byText.set(each.licenseText, [...(byText.get(each.licenseText) ?? []), each]);
  const parts = [...byText].map(([text, group]) => {
    const names = group.map(({ name, version, license }) => `${name} ${version} (${license})`);
    return `${names.join('\n')}\n\n${text}\n`;
  });
  const line = `\n${'-'.repeat(80)}\n\n`;
  return [
    'Parts of these packages are in this program, under the licences that follow their names. They were joined and shortened\nby machine, and what the program does not use was left out.\n',
    ...parts,
  ].join(line);
}

/** CycloneDX 1.6. The same program gives the same SBOM: it has no time and no serial number. */
function sbomOf(packages: readonly BundledPackage[]): object {
  const { name, version, description, license } = JSON.parse(readFileSync('package.json', 'utf8'));
  const own = purlOf(name, version);
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: {
      component: {
        type: 'application',
        'bom-ref': own,
        name,
        version,
        description,
        licenses: [{ license: { id: license } }],
        purl: own,
      },
    },
    components: packages.map((each) => ({
      type: 'library',
      'bom-ref': purlOf(each.name, each.version),
      name: each.name,
      version: each.version,
      licenses: [{ license: { id: each.license } }],
      purl: purlOf(each.name, each.version),
    })),
    dependencies: [{ ref: own, dependsOn: packages.map((each) => purlOf(each.name, each.version)) }],
  };
}

function purlOf(name: string, version: string): string {
  return `pkg:npm/${name.replace('@', '%40')}@${version}`;
}
