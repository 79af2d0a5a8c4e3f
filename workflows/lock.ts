/** A stack that another run has, or one that was killed and left its lock. */

/** Pulumi's words for it: of a bucket or a folder, and of Pulumi Cloud. */
export const LOCKED = "stack is currently locked|Another update is currently in progress";
/** What a person takes a lock away with, once nobody is at the stack. */
export const unlock = (stack: string): string => `pulumi cancel --stack ${stack} --yes`;
