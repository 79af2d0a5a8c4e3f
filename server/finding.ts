/** What `recoloca doctor` finds: what will be trouble, and what mends it. */
export interface Finding {
  readonly what: string;
  readonly fix: string;
}
