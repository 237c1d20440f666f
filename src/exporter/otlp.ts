/** Metrics as OTLP/HTTP in JSON: opentelemetry-proto, collector/metrics/v1, ExportMetricsServiceRequest. */
import type { Family } from './families.ts';

/** opentelemetry-proto, metrics/v1: AGGREGATION_TEMPORALITY_CUMULATIVE. */
const CUMULATIVE = 2;

export interface OtlpSource {
  version: string;
  hostname: string;
  startedMs: number;
  nowMs: number;
}

export function toOtlp(families: readonly Family[], { version, hostname, startedMs, nowMs }: OtlpSource): object {
  const nanoseconds = (ms: number): string => `${Math.round(ms)}000000`;
  return {
    resourceMetrics: [{
      resource: { attributes: attributesOf({ 'service.name': 'reloadctl', 'service.version': version, 'host.name': hostname }) },
      scopeMetrics: [{
        scope: { name: 'reloadctl', version },
        metrics: families.filter(({ samples }) => samples.length > 0).map(({ name, type, help, samples }) => {
          const points = samples.map(({ labels, value }) => ({ attributes: attributesOf(labels), startTimeUnixNano: nanoseconds(startedMs), timeUnixNano: nanoseconds(nowMs), asDouble: value }));
          return { name, description: help, ...(type === 'counter' ? { sum: { dataPoints: points, aggregationTemporality: CUMULATIVE, isMonotonic: true } } : { gauge: { dataPoints: points } }) };
        }),
      }],
    }],
  };
}

function attributesOf(labels: Readonly<Record<string, string>>): object[] {
  return Object.entries(labels).map(([key, stringValue]) => ({ key, value: { stringValue } }));
}
