/**
 * Asks systeminformation about the machine and says it in one line of JSON, a Partial<Machine>: a program of its own, since what
 * that package starts may hang.
 */
import { mem, osInfo } from 'systeminformation';

const [os, memory] = await Promise.all([osInfo(), mem()]);
const osName = [os.distro, os.release].filter(Boolean).join(' ');
process.stdout.write(`${JSON.stringify({ os: osName, memoryBytes: memory.total, availableBytes: memory.available })}\n`);
