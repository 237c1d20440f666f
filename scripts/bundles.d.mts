export const WINGS: Readonly<Record<string, { commands: readonly string[]; folders: readonly string[] }>>;
export function bundleOf(command: string): string;
export function isIn(bundle: string, path: string): boolean;
