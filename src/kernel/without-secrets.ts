/** Parameters that say what is asked for, and are no secrets. */
const HARMLESS = /^(debug|seconds|gc)$/i;
const ADDRESS = /^(https?:|localhost:\d|\d{1,3}(\.\d{1,3}){3}:\d|\[[\da-f:.]+\]:\d|unix:)/i;

/** A URL as it may be shown: user, password and the values of parameters become `***`. What is no URL stays as it is. */
export function withoutSecrets(spec: string): string {
  if (!ADDRESS.test(spec)) return spec;
  const query = spec.indexOf('?');
  const place = (query < 0 ? spec : spec.slice(0, query)).replace(/^([a-z]+:[/\\]*)[^/\\]*@/i, '$1***@');
  if (query < 0) return place;
  const words = spec.slice(query + 1).replace(/#.*$/s, '').split('&').map((word) => {
    const equals = word.indexOf('=');
    if (equals < 0) return HARMLESS.test(word) || word === '' ? word : '***';
    return HARMLESS.test(word.slice(0, equals)) ? word : `${word.slice(0, equals)}=***`;
  });
  return `${place}?${words.join('&')}`;
}

export function isHarmless(parameter: string): boolean {
  return HARMLESS.test(parameter);
}
