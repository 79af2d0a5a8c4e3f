/** A package's provider as a double: the SDK's typings say what may be asked, a table of kinds what comes of it, the world what there is. */
import { createHash } from "node:crypto";
import type { Interference } from "./interference.ts";
import type { Kind, Package, Place } from "./kinds.ts";
import type { Answer, Asked, Difference, Provider } from "./protocol.ts";
import { type Failure, faults, filled, serialized, tellsLater } from "./shapes.ts";
import { sdkVersion, type Typings, typingsOf } from "./typings.ts";
import { changes, given, isRecord, isUnknown, list, same, text, UNKNOWN, type Values } from "./values.ts";
import type { World } from "./world.ts";

interface Known {
  readonly kind: Kind;
  readonly typings: Typings;
}

/** Configuration arrives with everything that is no string as JSON. */
const parsed = (config: Values): Values =>
  Object.fromEntries(
    Object.entries(config).map(([key, value]) => {
      if (typeof value !== "string" || !/^([[{]|true$|false$|\d+$)/.test(value)) return [key, value];
      try {
        return [key, JSON.parse(value) as unknown];
      } catch {
        return [key, value];
      }
    }),
  );

/** What a rule is shown: only what is known. */
const settled = (inputs: Values): Values => Object.fromEntries(Object.entries(inputs).filter(([, value]) => !JSON.stringify(value ?? "").includes(UNKNOWN)));

const isEmpty = (value: unknown) => ["", 0, false, [], {}].some((empty) => same(value, empty));

const asGiven = (before: unknown, held: unknown): unknown => {
  if (isRecord(before) && isRecord(held)) return given(Object.fromEntries(Object.keys(before).map((key) => [key, asGiven(before[key], held[key])])));
  if (Array.isArray(before) && Array.isArray(held) && before.length === held.length) return held.map((one, index) => asGiven(before[index], one));
  return held;
};

export class DoubleProvider implements Provider {
  readonly version: string;
  private readonly own: Package;
  private readonly world: World;
  private readonly interference: Interference;
  private readonly configs = new Map<string, Values>();

  constructor(own: Package, world: World, interference: Interference) {
    this.own = own;
    this.world = world;
    this.interference = interference;
    this.version = sdkVersion(own.name);
  }

  private place({ connection, name, inputs }: Asked): Place {
    const config = this.configs.get(connection) ?? {};
    const region = text(inputs.values["region"]) || text(config["region"]);
    return { world: this.world, config, region, name };
  }

  private async known(type: string): Promise<Known> {
    const typings = await typingsOf(type);
    if (!typings) throw new Error(`${type} is no type of @pulumi/${this.own.name} ${this.version}`);
    const kind = this.own.kinds[type];
    if (!kind) throw new Error(`the double of ${this.own.name} does not know ${type} yet: say in test/doubles what a vendor does with it`);
    return { kind, typings };
  }

  private meet({ operation, type, name, id, inputs, state, preview }: Asked): Promise<void> {
    const seen = operation === "delete" || operation === "read" ? state : inputs;
    return this.interference.meet({ operation, type, name, id, inputs: seen.values, secrets: seen.secrets, preview });
  }

  async checkConfig(config: Values): Promise<readonly Failure[]> {
    const typings = await typingsOf(`pulumi:providers:${this.own.name}`);
    const { version: _version, ...rest } = parsed(config);
    return [...faults(rest, typings!), ...this.said(this.own.config ?? [], rest)];
  }

  configure(connection: string, config: Values): void {
    this.configs.set(connection, parsed(config));
  }

  /** What is not known yet is left out, and counts as given: a fault has to be one either way. */
  private said(rules: Kind["rules"], inputs: Values): Failure[] {
    const shown = settled(inputs);
    const known = Object.keys(shown).length === Object.keys(inputs).length;
    return (rules ?? []).flatMap((rule) => {
      const reason = rule(shown);
      return reason === undefined || (!known && rule(inputs) === undefined) ? [] : [{ property: "", reason }];
    });
  }

  async check(asked: Asked) {
    const { kind, typings } = await this.known(asked.type);
    await this.meet({ ...asked, preview: false });
    const sent = given({ ...this.ownName(kind, asked), ...asked.inputs.values });
    const inputs = serialized(sent, typings);
    const wrong = faults(sent, typings);
    // A value of another type is no case for what the vendor says of values.
    const failures = wrong.length > 0 ? wrong : this.said(kind.rules, inputs);
    return { values: inputs, secrets: asked.inputs.secrets, failures };
  }

  /** A name of its own: the old one, else the resource's with seven characters that make it the only one. */
  private ownName(kind: Kind, { name, urn, seed, inputs, oldInputs }: Asked): Values {
    if (!kind.named || inputs.values[`${kind.named}Prefix`] !== undefined) return {};
    const tail = createHash("sha256").update(`${urn} ${seed}`).digest("hex").slice(0, 7);
    return { [kind.named]: oldInputs[kind.named] ?? `${name}-${tail}` };
  }

  async diff(asked: Asked): Promise<Difference> {
    const { kind, typings } = await this.known(asked.type);
    await this.meet(asked);
    // What is not given any more, and always has a value, stays as it is.
    const stays = (path: string) => asked.inputs.values[path] === undefined && typings.outputs[path]?.required;
    const paths = changes(asked.oldInputs, asked.inputs.values).filter((path) => !stays(path));
    const common = this.own.common?.(asked.inputs.values, this.place(asked)) ?? {};
    const differs = (key: string) => asked.state.values[key] !== undefined && common[key] !== undefined && !same(asked.state.values[key], common[key]);
    const also = Object.keys(common).filter(differs);
    const replacing = [...(kind.replaces ?? []), ...(kind.alsoReplaces?.(asked.inputs.values) ?? [])];
    const touches = (path: string) => replacing.some((one) => path === one || path.startsWith(`${one}.`) || one.startsWith(`${path}.`));
    const top = (all: readonly string[]) => [...new Set(all.map((path) => path.split(".")[0]!))];
    const region = also.includes("region") ? ["region"] : [];
    return { changed: [...new Set([...top(paths), ...also])], replaces: [...top(paths.filter(touches)), ...region], deleteFirst: kind.deleteFirst ?? false };
  }

  /** Secret is what came as a secret, and what the provider itself marks. */
  private answer(kind: Kind, values: Values, secrets: readonly string[]): Answer {
    return { values: given(values), secrets: [...secrets, ...(kind.secret ?? [])] };
  }

  private refers(kind: Kind, inputs: Values): void {
    for (const [property, { type, by, missing }] of Object.entries(kind.refers ?? {}))
      for (const named of [inputs[property]].flat().filter((one): one is string => typeof one === "string" && one !== "")) {
        const found = by ? this.world.all(type).some((one) => one[by] === named) : this.world.get(type, named) !== undefined;
        if (!found) throw new Error(missing.replaceAll("%s", named));
      }
  }

  async create(asked: Asked) {
    const { kind, typings } = await this.known(asked.type);
    const inputs = asked.inputs.values;
    await this.meet(asked);
    if (asked.preview) {
      const later = Object.fromEntries(tellsLater(typings, inputs).map((name) => [name, UNKNOWN]));
      return { ...this.answer(kind, { ...later, ...inputs }, asked.inputs.secrets), id: "" };
    }
    const place = this.place(asked);
    this.refers(kind, inputs);
    const made = await kind.create(inputs, place);
    const outputs = filled(typings, { ...this.own.common?.(inputs, place), ...inputs, ...made.outputs });
    this.world.put(asked.type, made.id, outputs);
    return { ...this.answer(kind, outputs, asked.inputs.secrets), id: made.id };
  }

  async update(asked: Asked) {
    const { kind, typings } = await this.known(asked.type);
    const inputs = asked.inputs.values;
    await this.meet(asked);
    const place = this.place(asked);
    const next = { ...this.withoutDropped(asked, typings), ...this.own.common?.(inputs, place), ...inputs };
    if (asked.preview) return this.answer(kind, next, asked.inputs.secrets);
    const held = this.there(asked, kind);
    this.refers(kind, inputs);
    const outputs = { ...next, ...(await kind.update?.(inputs, held, place, asked.id, asked.state.values)) };
    this.world.put(asked.type, asked.id, outputs);
    return this.answer(kind, outputs, asked.inputs.secrets);
  }

  /** The state, without inputs that were given before and are not any more; what the vendor keeps then stays. */
  private withoutDropped({ state, inputs }: Asked, typings: Typings): Values {
    const dropped = (key: string) => typings.inputs[key] && inputs.values[key] === undefined && !typings.outputs[key]?.required;
    return Object.fromEntries(Object.entries(state.values).filter(([key]) => !dropped(key)));
  }

  private there({ type, id, state }: Asked, kind: Kind): Values {
    const held = this.world.get(type, id);
    if (!held) throw kind.gone?.(state.values) ?? new Error(`NotFound: ${type} ${id} does not exist`);
    return held;
  }

  async read(asked: Asked) {
    const { kind, typings } = await this.known(asked.type);
    await this.meet(asked);
    const held = this.world.get(asked.type, asked.id);
    if (!held) return undefined;
    const before = asked.inputs.values;
    // An import has no inputs yet: whatever says something is one.
    const named = Object.keys(before).length > 0 ? Object.keys(before) : Object.keys(typings.inputs).filter((key) => !isEmpty(held[key]));
    // Of a structure what was given of it: the vendor's own defaults beside that are nobody's wish.
    const inputs = given(Object.fromEntries(named.map((key) => [key, asGiven(before[key], held[key])])));
    return { ...this.answer(kind, held, asked.state.secrets), inputs };
  }

  async delete(asked: Asked): Promise<void> {
    const { kind } = await this.known(asked.type);
    await this.meet(asked);
    const held = this.there(asked, kind);
    for (const { type, property, by } of kind.heldBy ?? []) {
      const mine = by ? held[by] : asked.id;
      const holds = (one: Values) => one[property] === mine || list(one[property]).includes(mine);
      if (this.world.all(type).some(holds))
        throw new Error((kind.held ?? "DependencyViolation: %s has a dependent object and cannot be deleted.").replaceAll("%s", asked.id));
    }
    await kind.remove?.(held, this.place({ ...asked, inputs: asked.state }), asked.id);
    this.world.remove(asked.type, asked.id);
  }

  async invoke(asked: Asked) {
    const typings = await typingsOf(asked.type);
    const lookup = this.own.lookups[asked.type];
    if (!typings || !lookup) throw new Error(`the double of ${this.own.name} does not know the function ${asked.type}`);
    const args = given(asked.inputs.values);
    await this.meet({ ...asked, preview: false });
    const wrong = faults(args, typings).filter(({ property }) => !isUnknown(args[property]));
    if (wrong.length > 0) throw new Error(`${asked.type}: ${wrong.map(({ property, reason }) => `${property} ${reason}`).join("; ")}`);
    return filled(typings, { ...args, ...(await lookup(args, this.place(asked))) });
  }
}
