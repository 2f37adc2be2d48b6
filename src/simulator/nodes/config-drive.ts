import { Fault } from '../dialect/errors.js';
import { isObject, type Json, type JsonObject } from '../dialect/json.js';
import { repr } from '../dialect/python.js';

const members: Readonly<Record<string, readonly string[]>> = {
  meta_data: ['object'],
  network_data: ['object'],
  user_data: ['object', 'array', 'string', 'null'],
  vendor_data: ['object'],
};

/** Ironic's schema of a config drive, as Python prints it in the refusal. */
const printedSchema = `    {'additionalProperties': False,
     'properties': {'meta_data': {'type': 'object'},
                    'network_data': {'type': 'object'},
                    'user_data': {'type': ['object',
                                           'array',
                                           'string',
                                           'null']},
                    'vendor_data': {'type': 'object'}},
     'type': 'object'}`;

const refuse = (message: string) => new Fault(400, message);
const malformed = (problem: string) => refuse(`Invalid configdrive format: ${problem}`);

/** Checks the config drive of a request as Ironic does: its members and their types, not their content. */
export function checkConfigDrive(target: string, drive: Json | undefined, minor: number): void {
  if (drive === undefined || drive === null || drive === '') return;
  if (typeof drive !== 'string' && !isObject(drive)) {
    const types = "<class 'NoneType'>, <class 'dict'>, <class 'str'>";
    throw refuse(`Expected types ${types} for configdrive: ${repr(drive)}`);
  }
  if (isObject(drive) && Object.keys(drive).length === 0) return;
  const allowed = minor >= 35 ? ['active', 'rebuild'] : ['active'];
  if (!allowed.includes(target)) {
    throw refuse(`Adding a config drive is only supported when setting provision state to ${allowed.join(', ')}`);
  }
  if (isObject(drive)) checkObject(drive, minor);
  else checkText(drive);
}

function checkObject(drive: JsonObject, minor: number): void {
  const unexpected = Object.keys(drive).filter((key) => !Object.hasOwn(members, key));
  if (unexpected.length > 0) {
    const were = `${unexpected.map(repr).join(', ')} ${unexpected.length === 1 ? 'was' : 'were'} unexpected`;
    throw malformed(
      `Additional properties are not allowed (${were})\n\nFailed validating 'additionalProperties' in schema[0]:\n${printedSchema}\n\nOn instance:\n    ${repr(drive)}`,
    );
  }
  for (const [key, value] of Object.entries(drive)) {
    const types = members[key] ?? [];
    if (types.includes(typeOf(value))) continue;
    const [only, ...more] = types;
    const schema = more.length === 0 ? `'${only}'` : repr([...types]);
    throw malformed(
      `${repr(value)} is not of type ${types.map((type) => `'${type}'`).join(', ')}\n\nFailed validating 'type' in schema[0]['properties']['${key}']:\n    {'type': ${schema}}\n\nOn instance['${key}']:\n    ${repr(value)}`,
    );
  }
  if (minor < 56) {
    throw refuse('Providing a JSON object for configdrive is only supported starting with API version 1.56');
  }
  if (Object.hasOwn(drive, 'vendor_data') && minor < 59) {
    throw refuse('Providing vendor_data in configdrive is only supported starting with API version 1.59');
  }
}

function checkText(drive: string): void {
  const isAddress = drive.includes('://');
  if (isAddress || /^[A-Za-z0-9+/=\s]*$/.test(drive)) return;
  throw malformed('it is neither a JSON, nor a URL, nor a base64 string');
}

function typeOf(value: Json): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : typeof value;
}
