/** System call numbers by machine; those from 424 on are the same everywhere (asm-generic/unistd.h). */

const BY_MACHINE = {
  x64: {
    ioctl: 16, mmap: 9, munmap: 11, msync: 26, read: 0, getdents64: 217, inotifyInit1: 294, inotifyAddWatch: 254,
    inotifyRmWatch: 255, lseek: 8, nameToHandleAt: 303, openByHandleAt: 304, prlimit64: 302, renameat2: 316, readlinkat: 267, setresuid: 117, setns: 308, fcntl: 72,
  },
  arm64: {
    ioctl: 29, mmap: 222, munmap: 215, msync: 227, read: 63, getdents64: 61, inotifyInit1: 26, inotifyAddWatch: 27,
    inotifyRmWatch: 28, lseek: 62, nameToHandleAt: 264, openByHandleAt: 265, prlimit64: 261, renameat2: 276, readlinkat: 78, setresuid: 147, setns: 268, fcntl: 25,
  },
} as const;

export const SYS_OPENAT2 = 437;

/** The number of a call on this machine, which `isMachineKnown` has approved. */
export function callNumber(name: keyof (typeof BY_MACHINE)['x64']): number {
  return BY_MACHINE[process.arch === 'arm64' ? 'arm64' : 'x64'][name];
}
