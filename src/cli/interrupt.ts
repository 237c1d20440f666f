/** SIGINT and SIGTERM end the looking, not the telling: what was found so far is printed, with 130 or 143. */
export interface Interrupt {
  signal: AbortSignal;
  /** 130 or 143 once a signal came. */
  exitCode(): number | undefined;
}

/** Heeds SIGINT and SIGTERM from now on, each once; `signal` is aborted by the first of them. */
export function watchSignals(): Interrupt {
  const controller = new AbortController();
  let code: number | undefined;
  for (const [name, number] of [['SIGINT', 130], ['SIGTERM', 143]] as const) {
    // Once only: a second one ends us the way the system does.
    process.once(name, () => {
      code ??= number;
      controller.abort();
    });
  }
  return { signal: controller.signal, exitCode: () => code };
}
