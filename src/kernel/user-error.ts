/** Something the user can mend: what, where, what to do. Exit 2 (bad input) or 3 (cannot look). Anything else thrown is a bug. */
export class UserError extends Error {
  readonly exitCode: 2 | 3;
  readonly hints: readonly string[];

  constructor(message: string, options: { exitCode?: 2 | 3; hints?: readonly string[] } = {}) {
    super(message);
    this.name = 'UserError';
    this.exitCode = options.exitCode ?? 2;
    this.hints = options.hints ?? [];
  }
}
