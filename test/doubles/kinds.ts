/** What a double knows of a type beyond the SDK's typings: a table of these per service. */
import type { Values } from "./values.ts";
import type { World } from "./world.ts";

/** Where a request acts: the provider it came by, and what that one is configured with. */
export interface Place {
  readonly world: World;
  /** The provider's configuration, JSON strings parsed. */
  readonly config: Values;
  readonly region: string;
  /** Of the resource, in the program. */
  readonly name: string;
}

export interface Made {
  readonly id: string;
  /** What the vendor adds to the inputs. */
  readonly outputs: Values;
}

/** Looks at inputs alone, and says what the vendor would. Called with what is given and known. */
export type Rule = (inputs: Values) => string | undefined;

/** The property names a resource, by its id or by another of its properties. */
export interface Reference {
  readonly type: string;
  /** Default: by id. */
  readonly by?: string;
  /** The vendor's error where there is none: `InvalidVpcID.NotFound: The vpc ID '%s' does not exist`. */
  readonly missing: string;
}

/** What keeps a resource from being deleted: others that name it. */
export interface Holder {
  readonly type: string;
  readonly property: string;
  /** Which of this resource's values the property holds. Default: the id. */
  readonly by?: string;
}

export interface Kind {
  /** Properties whose change makes a new one. Dotted: `rootBlockDevice.encrypted`. */
  readonly replaces?: readonly string[];
  /** More of them, where the inputs say so. */
  readonly alsoReplaces?: (inputs: Values) => readonly string[];
  /** The old one goes first, whatever the program says. */
  readonly deleteFirst?: true;
  /** The property that gets a name of the resource's own where none is given. */
  readonly named?: string;
  /** Outputs that the provider itself marks as secret. */
  readonly secret?: readonly string[];
  readonly rules?: readonly Rule[];
  readonly refers?: Readonly<Record<string, Reference>>;
  readonly heldBy?: readonly Holder[];
  /** The vendor's error where something holds it. */
  readonly held?: string;
  readonly create: (inputs: Values, at: Place) => Made | Promise<Made>;
  /** What changes beside the inputs. `held`: what is in the world now; `state`: what the engine believes is there. */
  readonly update?: (inputs: Values, held: Values, at: Place, id: string, state: Values) => Values | Promise<Values>;
  /** The vendor's error where what is to be changed or removed is not there. */
  readonly gone?: (state: Values) => Error;
  /** Before it is gone; throws where the vendor refuses. */
  readonly remove?: (held: Values, at: Place, id: string) => void | Promise<void>;
}

export type Kinds = Readonly<Record<string, Kind>>;
export type Lookup = (args: Values, at: Place) => Values | Promise<Values>;
export type Lookups = Readonly<Record<string, Lookup>>;

/** One package as a double: its types, its functions, and what its configuration must be. */
export interface Package {
  readonly name: string;
  readonly kinds: Kinds;
  readonly lookups: Lookups;
  /** What of a configuration the vendor refuses. */
  readonly config?: readonly Rule[];
  /** Properties that the provider adds to each resource, whatever its type: `tagsAll`, `region`. */
  readonly common?: (inputs: Values, at: Place) => Values;
}
