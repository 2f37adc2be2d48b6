import { Fault, unsupported } from '../dialect/errors.js';
import type { JsonObject } from '../dialect/json.js';
import type { Node } from '../world/node.js';
import { isFake } from './deploy-steps.js';
import { imageSource, isGlanceImage, sourceProblem } from './image-source.js';

/** Why Ironic would refuse to deploy the node's instance_info; undefined if it would not. */
function deployProblem(node: Node): string | undefined {
  const image = isFake(node) ? undefined : imageDescriptionProblem(node);
  return image ?? traitsProblem(node);
}

/** Refuses a request for a deployment as Ironic does. */
export function checkDeployable(node: Node): void {
  const problem = deployProblem(node);
  if (problem === undefined) return;
  throw new Fault(400, `Failed to validate deploy or power info for node ${node.uuid}: ${problem}`);
}

/** The requirements of the `direct` deploy interface. */
function imageDescriptionProblem({ uuid, instance_info: info }: Node): string | undefined {
  const source = imageSource(info);
  if (source === '') {
    const problem = `Node ${uuid} failed to validate deploy image info. Some parameters were missing.`;
    return `${problem} Missing are: ['instance_info.image_source']`;
  }
  if (isGlanceImage(source) || source.startsWith('file://')) return undefined;
  const { image_checksum: checksum, image_os_hash_algo: algorithm, image_os_hash_value: value } = info;
  const described = algorithm || value ? algorithm && value : checksum;
  if (described) return undefined;
  return `image_source's "image_checksum", or "image_os_hash_algo" and "image_os_hash_value" must be provided in instance_info for node ${uuid}`;
}

/** An instance can have only the traits of its node. */
function traitsProblem({ uuid, instance_info: { traits }, traits: own }: Node): string | undefined {
  if (!traits) return undefined;
  if (!Array.isArray(traits) || !traits.every((trait) => typeof trait === 'string')) {
    return `Error parsing traits from Node ${uuid} instance_info field. A list of strings is expected.`;
  }
  const missing = traits.filter((trait) => !own.includes(trait));
  if (missing.length === 0) return undefined;
  return `Cannot specify instance traits that are not also set on the node. Node ${uuid} is missing traits ${missing.join(', ')}`;
}

/** The body of GET /v1/nodes/{node}/validate. It finds wrong data, but no missing image and no dead URL. */
export function validateInterfaces(node: Node): JsonObject {
  const good = { result: true };
  const lacking = (kind: string) => ({ result: false, reason: unsupported(node.driver, kind).message });
  const problem = deployProblem(node) ?? sourceProblem(node.instance_info);
  return {
    boot: good,
    deploy: problem === undefined ? good : { result: false, reason: problem },
    management: good,
    network: good,
    power: good,
    bios: lacking('bios'),
    console: lacking('console'),
    inspect: node.inspect_interface === 'no-inspect' ? lacking('inspect') : good,
    raid: lacking('raid'),
    rescue: lacking('rescue'),
    storage: good,
  };
}
