/**
 * Where the runtime keeps what we read, per version, for 64-bit machines: offsets in runtime.g, runtime.sudog, runtime.hchan
 * and runtime.moduledata (src/runtime/runtime2.go, chan.go, symtab.go; from 1.21 on as the compiler's own debug information has
 * them). What does not change from 1.18 to 1.27: g.stack 0, g.m 48, g.sched {sp 56, pc 64, g 72}, hchan {qcount 0, dataqsiz 8,
 * closed 28}, sudog.g 0.
 */

export interface Layout {
  /** Bytes to be read of a g. */
  size: number;
  syscallsp: number;
  syscallpc: number;
  atomicstatus: number;
  goid: number;
  waitsince: number;
  waitreason: number;
  /** A word of flags; its last byte, trackingSeq, counts how often the goroutine stopped running (runtime/proc.go casgstatus). */
  flags: number;
  lockedm: number;
  /** Absent before 1.21. */
  parentGoid?: number;
  gopc: number;
  startpc: number;
  waiting: number;
  labels: number;
  /** Labels are a list of pairs (1.24 and later), before a map. */
  labelList: boolean;
  /** The word of sudog.elem that is always set: from 1.26 on the first of two is for the collector only. */
  sudogElement: number;
  sudogWaitlink: number;
  sudogChannel: number;
  receiveQueue: number;
  sendQueue: number;
  /** timer.when (time.go), behind hchan.timer at 32: Go 1.23 and later. */
  timerWhen?: number;
  /** moduledata.gofunc. */
  gofunc: number;
}

const G_118 = {
  size: 384, syscallsp: 112, syscallpc: 120, atomicstatus: 144, goid: 152, waitsince: 168, waitreason: 176, flags: 184, lockedm: 232, gopc: 296, startpc: 312, waiting: 328, labels: 360,
  labelList: false, sudogElement: 24, sudogWaitlink: 64, sudogChannel: 80, receiveQueue: 56, sendQueue: 72, gofunc: 304,
};
const G_121 = { ...G_118, lockedm: 208, parentGoid: 272, gopc: 280, startpc: 296, waiting: 312, labels: 344, gofunc: 320 };
const G_123 = {
  ...G_121, atomicstatus: 152, goid: 160, waitsince: 176, waitreason: 184, flags: 192, lockedm: 216, parentGoid: 280, gopc: 288, startpc: 304, waiting: 320, labels: 352, receiveQueue: 64, sendQueue: 80, timerWhen: 16,
};
const G_125 = { ...G_121, syscallsp: 104, syscallpc: 112, labelList: true, receiveQueue: 64, sendQueue: 80, timerWhen: 24 };
const G_126 = { ...G_125, parentGoid: 280, gopc: 288, startpc: 304, waiting: 320, labels: 352, sudogElement: 32, sudogWaitlink: 72, sudogChannel: 88 };

/** By the minor version: 19 is Go 1.19. */
const LAYOUTS: Readonly<Record<number, Layout>> = {
  18: G_118,
  19: G_118,
  20: { ...G_118, gofunc: 320 },
  21: G_121,
  22: G_121,
  23: G_123,
  24: { ...G_123, labelList: true },
  25: G_125,
  26: G_126,
  27: { ...G_126, gofunc: 344 },
};

export const OLDEST = 18;
export const NEWEST = 27;

/** @returns undefined for a version whose layout is not known */
export function layoutOf(minor: number): Layout | undefined {
  return LAYOUTS[minor];
}

/** Offsets in moduledata that are the same in all of them. */
export const MODULE = { pcHeader: 0, pclntable: 104, minpc: 160, maxpc: 168, text: 176, etext: 184, noptrdata: 192, enoptrdata: 200, data: 208, edata: 216, bss: 224, ebss: 232, noptrbss: 240, enoptrbss: 248, size: 360 } as const;
