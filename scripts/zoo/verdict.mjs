// What a watch says of a program, against what the program is.

/** A rate may be off by so much. */
const TOLERANCE = 0.2;

/** {wrong, rate}: why it is wrong, undefined when it is right; the rate found as a part of the true one, where that is known. */
export function verdictOf({ leak }, report) {
  const grows = report.findings.filter(({ id, severity }) => id === 'fd/growth' && severity !== 'info');
  const words = grows.map(({ severity, confidence, subject }) => `${severity} ${confidence} ${subject.key}`).join('; ');
  if (!leak) return grows.length > 0 ? { wrong: `false alarm: ${words}` } : {};
  // One leak may be several groups: both ends of a pipe, connections in several states, a connection and the file it asked for.
  const kinds = [leak.kind].flat();
  const kindOf = ({ subject }) => subject.key.split(' ')[0];
  const own = grows.filter((finding) => kinds.includes(kindOf(finding)));
  const [found] = own;
  if (kinds.some((kind) => !own.some((finding) => kindOf(finding) === kind))) return { wrong: `not found${words && `, but ${words}`}: ${missed(leak, report)}` };
  if (grows.length > own.length) return { wrong: `too much: ${words}` };
  if (found.confidence !== leak.expects) return { wrong: `found as ${found.confidence}, not ${leak.expects}` };
  if (typeof leak.perSecond !== 'number') return {};
  const perMinute = own.reduce((sum, { evidence }) => sum + evidence.find(({ name }) => name === 'growth').value, 0);
  const rate = perMinute / 60 / leak.perSecond;
  return { rate, ...(Math.abs(rate - 1) > TOLERANCE && { wrong: `rate is ${rate.toFixed(2)} of the true one` }) };
}

function missed({ kind }, { data }) {
  const own = data.watch.trends.filter((trend) => [kind].flat().includes(trend.kind));
  return own.map(({ key, trend, because, births, deaths }) => `${key} +${births} -${deaths} ${trend}: ${because}`).join('; ') || 'no such group';
}
