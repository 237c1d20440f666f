/** Frames of -k and -kk: ` > /usr/bin/app(leaky+0x19) [0x1139]`, ` > /usr/bin/app(leaky+0x19) [0x1139] main.c:8`. */
import type { ByteString } from '../../evidence/types.ts';

const FRAME = /^(.*?)(?:\((.*?)(?:\+0x[0-9a-f]+)?\))? \[0x[0-9a-f]+\](?: (\S.*:\d+(?::\d+)?))?$/;
/** Frames of these say how something was opened, not who opened it. */
const RUNTIME = /(?:^|\/)(?:ld-linux[^/]*|ld-[\d.]+|ld-musl[^/]*|ld64|lib(?:c|pthread|dl|rt|m|uring|asan|tsan|stdc\+\+|c\+\+|c\+\+abi|gcc_s)[-.][^/]*so[^/]*|libc\.so\.\d|\[vdso\])$/;

/** Of C++ and Rust (`<std::fs::File>::open`, `<&std::fs::File as std::io::Read>::read`), and the packages of Go that come with it: linked into the program, they are not its own. */
const LIBRARY = /^(?:(?:std|__gnu_cxx|core|alloc)::|<(?:&(?:mut )?)?(?:\w+ as )?(?:std|core|alloc)::|(?:internal|vendor|runtime|syscall|os|net|io|bufio|crypto|golang\.org\/x\/sys)(?:\/[\w/-]+)?\.[\w(])/;
/** What runs programs of another language: its frames are the same whatever the program does. */
const INTERPRETER = /(?:^|\/)(?:lib)?(?:python|node|bun|deno|ruby|perl|php|java|jvm|lua)[\d.-]*(?:\.so[\d.]*)?$/;

export interface Frame {
  file: ByteString;
  /** Undefined where there are no symbols. */
  symbol: ByteString | undefined;
  /** `main.c:8` (-kk). */
  source: ByteString | undefined;
}

/** @param text behind ` > `; undefined for ` > ERROR` and the like */
export function parseFrame(text: ByteString): Frame | undefined {
  const match = FRAME.exec(text);
  if (!match || match[1] === '') return undefined;
  return { file: match[1]!, symbol: match[2] === '' ? undefined : match[2], source: match[3] };
}

export function isRuntime({ file, symbol }: Frame): boolean {
  return RUNTIME.test(file) || (symbol !== undefined && LIBRARY.test(symbol));
}

export function isInterpreter({ file }: Frame): boolean {
  return INTERPRETER.test(file);
}

/** What a frame is called: `main.c:8`, `leaky (/usr/bin/app)`, or the file with its address where nothing else is known. */
export function frameName({ file, symbol, source }: Frame, text: ByteString): string {
  if (source !== undefined) return source;
  if (symbol !== undefined) return `${symbol} (${file})`;
  const address = /\[(0x[0-9a-f]+)\]/.exec(text)?.[1];
  return address === undefined ? file : `${file}+${address}`;
}
