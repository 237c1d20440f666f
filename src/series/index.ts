/** The one implementation of growth: samples become lives, lives a trend per group. */
export { binomialAtMost } from './chance.ts';
export type {
  GoroutineGrowth,
  GoroutinesEvent,
  GrownGroup,
  Observation,
  PausesEvent,
  ResidueEvent,
  ResidueGroup,
  Settled,
  Staying,
  TrendsEvent,
  WatchedGroup,
  WatchedProcess,
} from './event.ts';
export { type Forecast, forecast } from './forecast.ts';
export { Lives, type Sorting } from './lives.ts';
export { Floors, type Held, perEvent, type Steps, stepsOf } from './steps.ts';
export type * from './trace-event.ts';
export { LEAST_SAMPLES, LEAST_WINDOW_MS, trendOf } from './trend.ts';
export type { GroupTrend, LifeSpan, Member, Quality, Sort, Trend } from './types.ts';
export { Course, type CoursePoint } from './course.ts';
