/** The world, as questions and answers. Nothing else of the tool reads the machine. */
export { type Endpoint, type HttpAnswer, HttpError, type HttpLimits, httpGet } from './http.ts';
export { type InputText, readInputFile, readInputStream } from './input-file.ts';
export { type InputStream, inputExists, type OpenedInput, openInput, streamInput } from './input-stream.ts';
export { type LiveOptions, openLive } from './live.ts';
export { growingLog } from './growing-log.ts';
export { type LogInput, LogInputError, logFilesOf, isRegularLog, openLogFile, openLogStream, pidOfName } from './log-input.ts';
export type { InotifyEvent, OwnInotify } from './native/own-inotify.ts';
export { stopWriterOf } from './own-fifo.ts';
export { type KeptLook, keepLook } from './kept-look.ts';
export { loadOwnCalls, type OwnCalls } from './own-calls.ts';
export { type Hold, type HoldTimes, type MeteredEvidence, meterEvidence, type OwnCost } from './meter.ts';
export { openRandomFile } from './random-file.ts';
export { openRedactor, type Redactor } from './redact.ts';
export { isOutOfDescriptors } from './spare.ts';
export { engineAsStarted } from './engine-flags.ts';
export { expectShortRun } from './short-run.ts';
export { gunzippedChunks, gunzippedStart, unzstdedChunks } from './unpack.ts';
export type { TapeHeader } from './tape-format.ts';
export { readTape, type TapeEvidence } from './tape-read.ts';
export { openTapeWriter, type TapeWriter } from './tape-write.ts';
export type {
  Answer,
  ByteString,
  DiagSocket,
  Errno,
  Evidence,
  FileHandle,
  FileStat,
  InotifyQuestions,
  MemoryQuestions,
  PathLook,
  RandomFile,
  SocketProbe,
  WatcherProgram,
} from './types.ts';
