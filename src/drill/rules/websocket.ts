import { type Finding, lastEventRule } from '../../report/index.ts';
import { duration, plural } from '../../report/words.ts';
import type { DrillSeen } from '../model.ts';
import { countedIn } from '../verdict.ts';
import { codeWords, type WebSocketData, webSocketsOf } from '../websockets.ts';
import { findingOf } from './about.ts';

const ID = 'reload/bad-response';

/** WebSockets that ended without a word, and those that could not be opened again. Never a failure of the drill. */
export const webSocket = lastEventRule<DrillSeen>(ID, 'drill', (seen): Finding[] => {
  const data = webSocketsOf(seen);
  return data ? [...cut(seen, data), ...shut(seen, data)] : [];
});

function cut(seen: DrillSeen, data: WebSocketData): Finding[] {
  const lost = data.cut + data.silent;
  if (lost === 0) return [];
  const before = data.control.cut + data.control.silent;
  const what = [...(data.cut > 0 ? [`${plural('WebSocket', data.cut)} cut without a close frame`] : []), ...(data.silent > 0 ? [`${plural('WebSocket', data.silent)} without an answer to a ping`] : [])].join(', ');
  const rest = data.announced > 0 ? `; ${data.announced} were closed with one: ${codeWords(data)}` : '';
  return [
    findingOf(seen, {
      id: ID, severity: before > 0 ? 'info' : 'warning', structure: 'websocket',
      title: `${what}, of ${data.asked} that were held through ${plural('reload', seen.reloads.length)}${rest}`,
      because: before > 0 ? `${before} ended so in the control window too, without any reload` : 'the connection ended (end of the stream, or RST) and no close frame had come: the client sees 1006, and cannot tell a reload from a fault of the network',
      evidence: [
        { name: 'cut', value: data.cut, source: seen.endpoint.label },
        { name: 'closed with a close frame', value: data.announced, source: seen.endpoint.label },
        ...(data.away.maxMs === null ? [] : [{ name: 'longest time until it stood again', value: data.away.maxMs, unit: 'ms', source: seen.endpoint.label }]),
      ],
      remedy: [{ text: 'before the old generation ends, send each WebSocket a close frame with 1001 or 1012, spread over some seconds, so that its clients come back one after the other: servers that stop gracefully wait for requests, and do not know of these', risk: 'none' }],
    }),
  ];
}

/** A handshake that fails where plain requests are answered: a proxy whose backend is away. */
function shut(seen: DrillSeen, { cut: cuts, silent, away }: WebSocketData): Finding[] {
  const { failed, byClass } = countedIn(seen, 'websocket', 'reloads');
  const handshakes = failed - cuts - silent;
  if (handshakes <= 0) return [];
  const classes = [...(byClass.refused > 0 ? [`${byClass.refused} refused`] : []), ...(byClass.reset > 0 ? [`${byClass.reset} reset`] : []), ...(byClass.status > 0 ? [`${byClass.status} answered with an error`] : []), ...(byClass.timeout > silent ? [`${byClass.timeout - silent} without an answer`] : [])].join(', ');
  return [
    findingOf(seen, {
      id: ID, severity: countedIn(seen, 'websocket', 'control').failed > 0 ? 'info' : 'warning', structure: 'websocket handshake',
      title: `${plural('handshake', handshakes)} of WebSockets failed (${classes})${away.maxMs === null ? '' : `: some were away for ${duration(away.maxMs)}`}`,
      because: 'clients that came back after their connection had ended got no new one at once',
      evidence: [{ name: 'handshakes that failed', value: handshakes, source: seen.endpoint.label }],
      remedy: [{ text: 'let the new generation take connections before the old one closes those that it holds', risk: 'none' }],
    }),
  ];
}
