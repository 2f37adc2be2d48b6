import { CORE_SCHEMA, FAILSAFE_SCHEMA, loadAll, mergeTag, nullCoreTag, type Schema, YAMLException } from 'js-yaml';

/**
 * Reads YAML 1.2 and the merge key `<<`. A text without a document gives null.
 * @throws Error whose message says what is wrong and where, and quotes nothing
 */
export const parseYaml = (text: string): unknown => parse(text, CORE_SCHEMA.withTags(mergeTag));

/** The same, but every value except lists, objects and null stays a text: `0123` and `1e5`, for example. */
export const parseYamlOfTexts = (text: string): unknown => parse(text, FAILSAFE_SCHEMA.withTags(nullCoreTag, mergeTag));

function parse(text: string, schema: Schema): unknown {
  try {
    const [document = null, ...others] = loadAll(text, { schema });
    if (others.length > 0) throw new Error('it has several documents');
    return document;
  } catch (error) {
    if (!(error instanceof YAMLException) || !error.mark) throw error;
    const { reason, mark } = error;
    // A reason ends with a quotation, which may be a password: YAML reads `*secret` as an undefined alias.
    const [unquoted = ''] = reason.split(/["!:]/);
    throw new Error(`${unquoted.trim()} at line ${mark.line + 1}, column ${mark.column + 1}`);
  }
}
