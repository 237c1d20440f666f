/** What the memory of a Go program tells other wings, by the table of commands. */
export { askedSignals } from './signals.ts';
