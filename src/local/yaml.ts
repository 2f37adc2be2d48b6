import { CORE_SCHEMA, FAILSAFE_SCHEMA, loadAll, mergeTag, nullCoreTag, type Schema, YAMLException } from 'js-yaml';

/**
 * Reads YAML 1.2, with `<<` besides. A text without a document is null.
 * @throws Error whose message says what is wrong and where, and quotes nothing
 */
export const parseYaml = (text: string): unknown => parse(text, CORE_SCHEMA.withTags(mergeTag));

/** The same, but what is not a list, an object or null stays as it is written: `0123` and `1e5` are texts. */
export const parseYamlOfTexts = (text: string): unknown => parse(text, FAILSAFE_SCHEMA.withTags(nullCoreTag, mergeTag));

function parse(text: string, schema: Schema): unknown {
  try {
    const [document = null, ...others] = loadAll(text, { schema });
    if (others.length > 0) throw new Error('there are several documents in it');
    return document;
  } catch (error) {
    if (!(error instanceof YAMLException) || !error.mark) throw error;
    const { reason, mark } = error;
    // A reason ends with what it quotes, which may be a password: `*secret` is an alias that nobody defines.
    const [unquoted = ''] = reason.split(/["!:]/);
    throw new Error(`${unquoted.trim()} at line ${mark.line + 1}, column ${mark.column + 1}`);
  }
}
