/** Where somebody logs in, and who. */
export interface Place {
  readonly address: string;
  /** @default that of the kind */
  readonly port?: number;
  /** Its name in the Compose file, for people. */
  readonly service?: string;
}

export interface Credentials {
  readonly user: string;
  readonly password: string;
}
