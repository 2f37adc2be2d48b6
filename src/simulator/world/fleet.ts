import { leading } from './agenda.js';
import type { Node, NodeChanges } from './node.js';

/** The nodes of a list by the two properties that have an index. Absent means any. */
export interface Section {
  readonly resourceClass?: string | undefined;
  readonly provisionState?: string | undefined;
}

/**
 * The nodes, with indexes by uuid, name and instance_uuid, and by resource class and provision state in order of ids.
 * Change these fields with `update` only: it keeps the indexes right.
 */
export class Fleet {
  readonly #byUuid = new Map<string, Node>();
  readonly #byName = new Map<string, Node>();
  readonly #byInstance = new Map<string, Node>();
  readonly #sections = new Map<string, Node[]>();
  #lastId = 0;

  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  get size(): number {
    return this.#byUuid.size;
  }

  add(node: Node): void {
    this.#byUuid.set(node.uuid, node);
    this.#name(node);
    for (const key of sectionKeys(node)) this.#enter(key, node);
  }

  remove(node: Node): void {
    this.#byUuid.delete(node.uuid);
    this.#forget(node);
    for (const key of sectionKeys(node)) this.#leave(key, node);
  }

  /** Changes a node and its `updated_at`. */
  update(node: Node, changes: NodeChanges, at: number): void {
    const before = sectionKeys(node);
    this.#forget(node);
    Object.assign(node, changes, { updated_at: at });
    this.#name(node);
    const after = sectionKeys(node);
    for (const key of before) if (!after.includes(key)) this.#leave(key, node);
    for (const key of after) if (!before.includes(key)) this.#enter(key, node);
  }

  byUuid(uuid: string): Node | undefined {
    return this.#byUuid.get(uuid);
  }

  byName(name: string): Node | undefined {
    return this.#byName.get(name);
  }

  byInstance(uuid: string): Node | undefined {
    return this.#byInstance.get(uuid);
  }

  /** The nodes of a section, in order of their ids. This is not a copy, so do not keep it. */
  section(section: Section): readonly Node[] {
    return this.#sections.get(sectionKey(section.resourceClass, section.provisionState)) ?? [];
  }

  #name(node: Node): void {
    if (node.name !== null) this.#byName.set(node.name, node);
    if (node.instance_uuid !== null) this.#byInstance.set(node.instance_uuid, node);
  }

  #forget(node: Node): void {
    if (node.name !== null) this.#byName.delete(node.name);
    if (node.instance_uuid !== null) this.#byInstance.delete(node.instance_uuid);
  }

  #enter(key: string, node: Node): void {
    const section = this.#sections.get(key);
    if (section) section.splice(position(section, node.id), 0, node);
    else this.#sections.set(key, [node]);
  }

  #leave(key: string, node: Node): void {
    const section = this.#sections.get(key) ?? [];
    section.splice(position(section, node.id), 1);
  }
}

/** The position of this id in a list sorted by id, whether it is in the list or not. */
export function position(nodes: readonly Node[], id: number): number {
  return leading(nodes, (node) => node.id < id);
}

function sectionKeys(node: Node): readonly string[] {
  const { resource_class: resourceClass, provision_state: state } = node;
  const keys = [sectionKey(undefined, undefined), sectionKey(undefined, state)];
  if (resourceClass !== null) keys.push(sectionKey(resourceClass, undefined), sectionKey(resourceClass, state));
  return keys;
}

function sectionKey(resourceClass: string | undefined, state: string | undefined): string {
  return JSON.stringify([resourceClass ?? null, state ?? null]);
}
