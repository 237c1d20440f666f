/** The one implementation of growth: samples become lives, lives a trend per group. */
export type { Observation, TrendsEvent, WatchedGroup } from './event.ts';
export { type Forecast, forecast } from './forecast.ts';
export { Lives } from './lives.ts';
export { LEAST_SAMPLES, trendOf } from './trend.ts';
export type { GroupTrend, Life, Member, Quality, Trend } from './types.ts';
