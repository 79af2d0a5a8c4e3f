/** Where a stack is at Pulumi's backend, and what it is called there. Pure. */

export interface StackPlace {
  readonly organization: string;
  readonly project: string;
  readonly stack: string;
}

/** What a backend that knows no organizations calls the one it has. */
export const NO_ORGANIZATION = "organization";

/** As `pulumi --stack` takes it. */
export const stackName = ({ organization, project, stack }: StackPlace): string =>
  organization === NO_ORGANIZATION ? stack : `${organization}/${project}/${stack}`;
