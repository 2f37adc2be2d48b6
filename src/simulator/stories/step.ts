import { Fault } from '../dialect/errors.js';
import { isObject, type Json, type JsonObject } from '../dialect/json.js';
import { repr } from '../dialect/python.js';
import { schemaOf } from '../dialect/schema.js';

/** A requested step of a cleaning or a deployment. */
export interface AskedStep {
  readonly interface: string;
  readonly step: string;
  readonly args?: JsonObject;
  /** Only deploy steps have it: the highest comes first, 0 switches a step off. */
  readonly priority?: number;
}

/** A step's name in error texts. */
export function stepId(step: { readonly interface: string; readonly step: string }): string {
  return `${step.interface}.${step.step}`;
}

const interfaces: readonly string[] = ['power', 'management', 'deploy', 'bios', 'raid'];

const required = { clean: ['interface', 'step'], deploy: ['interface', 'step', 'args', 'priority'] } as const;

/** Reads the `clean_steps` or `deploy_steps` of a request. */
export function readSteps(kind: 'clean' | 'deploy', given: Json | undefined): readonly AskedStep[] {
  if (given === undefined || given === null) return [];
  if (Array.isArray(given)) return given.map((step) => readStep(kind, step));
  const types = "<class 'NoneType'>, <class 'list'>";
  throw new Fault(400, `Expected types ${types} for ${kind}_steps: ${repr(given)}`);
}

function readStep(kind: 'clean' | 'deploy', given: Json): AskedStep {
  const { refuse, wrongType, missing, object } = schemaOf(`Invalid ${kind}_steps`);
  const asked = object(given, kind === 'deploy' ? required.deploy : [...required.clean, 'args']);
  for (const key of required[kind]) if (asked[key] === undefined) throw missing(key);
  const { interface: name = null, step = null, args = {}, priority } = asked;
  if (typeof name !== 'string' || !interfaces.includes(name)) {
    throw refuse(`${repr(name)} is not one of ${repr([...interfaces])}`);
  }
  if (typeof step !== 'string' || step === '') throw wrongType(step, "'string'");
  if (!isObject(args)) throw wrongType(args, "'object'");
  if (priority === undefined) return { interface: name, step, ...(asked.args !== undefined && { args }) };
  if (!/^\d+$/.test(String(priority))) throw refuse(`${repr(priority)} is not valid under any of the given schemas`);
  return { interface: name, step, args, priority: Number(priority) };
}
