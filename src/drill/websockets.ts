/** What the WebSockets of a drill met: part of `data`, and of the findings. */
import type { LatencySummary } from './load/histogram.ts';
import type { EndKey } from './load/websocket/crowd.ts';
import type { DrillSeen } from './model.ts';

export interface WebSocketEnds {
  /** Ended by the server with a close frame, and by the code in it: 1001 is "going away", 1005 is none. */
  announced: number;
  byCode: Record<string, number>;
  /** Ended without one: clients see 1006. */
  cut: number;
  /** Standing, but without an answer to a ping in time. */
  silent: number;
}

export interface WebSocketData extends WebSocketEnds {
  /** How many were held. */
  asked: number;
  control: WebSocketEnds;
  /** How long clients that come back at once were away. */
  away: LatencySummary;
}

/** Null where none were asked for. */
export function webSocketsOf({ load, options }: Pick<DrillSeen, 'load' | 'options'>): WebSocketData | null {
  const { webSockets } = load;
  if (!webSockets) return null;
  const of = (isWanted: (reload: number) => boolean): WebSocketEnds => endsOf([...webSockets.ends].filter(([reload]) => isWanted(reload)).map(([, ends]) => ends));
  return { asked: options.webSockets, ...of((reload) => reload > 0), control: of((reload) => reload === 0), away: webSockets.away.summary() };
}

function endsOf(parts: readonly ReadonlyMap<EndKey, number>[]): WebSocketEnds {
  const sum: WebSocketEnds = { announced: 0, byCode: {}, cut: 0, silent: 0 };
  for (const part of parts) {
    for (const [key, count] of part) {
      if (key === 'cut' || key === 'silent') sum[key] += count;
      else {
        sum.announced += count;
        sum.byCode[key] = (sum.byCode[key] ?? 0) + count;
      }
    }
  }
  return sum;
}

/** `12 with 1001 (going away), 3 without a code`. */
export function codeWords({ byCode }: WebSocketEnds): string {
  return Object.entries(byCode).map(([code, count]) => `${count} ${code === '1005' ? 'without a code' : `with ${code}${CODES[code] === undefined ? '' : ` (${CODES[code]})`}`}`).join(', ');
}

/** RFC 6455 section 7.4.1, and the registry of IANA. */
const CODES: Readonly<Record<string, string>> = { 1000: 'normal', 1001: 'going away', 1002: 'protocol error', 1008: 'policy', 1011: 'internal error', 1012: 'service restart', 1013: 'try again later' };
